import { describe, expect, it } from 'vitest';
import { hostOf, isLoopback, nameOf, parseReference, targetOf } from './reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

describe('parseReference', () => {
  it.each([
    ['registry.example/shop/cart:1.4', 'registry.example/shop/cart', '1.4', 'registry.example'],
    ['registry.example/shop/cart', 'registry.example/shop/cart', 'latest', 'registry.example'],
    ['127.0.0.1:5000/cart:a', '127.0.0.1:5000/cart', 'a', '127.0.0.1:5000'],
    ['localhost/cart', 'localhost/cart', 'latest', 'localhost'],
    ['[::1]:5000/cart', '[::1]:5000/cart', 'latest', '[::1]:5000'],
    ['nginx', 'docker.io/library/nginx', 'latest', 'registry-1.docker.io'],
    ['nginx:1.27', 'docker.io/library/nginx', '1.27', 'registry-1.docker.io'],
    ['shop/cart:1', 'docker.io/shop/cart', '1', 'registry-1.docker.io'],
    ['docker.io/nginx', 'docker.io/library/nginx', 'latest', 'registry-1.docker.io'],
    [`registry.example/cart:1.4@${digest}`, 'registry.example/cart', digest, 'registry.example'],
    [`cart@${digest}`, 'docker.io/library/cart', digest, 'registry-1.docker.io'],
  ])('%s is %s, %s, at %s', (text, name, target, host) => {
    const reference = parseReference(text);
    expect([nameOf(reference), targetOf(reference), hostOf(reference.registry)]).toEqual([
      name,
      target,
      host,
    ]);
  });

  it.each([
    '',
    'UPPER/case',
    'registry.example/shop/../cart',
    'registry.example//cart',
    'registry.example/cart:',
    'registry.example/cart:.hidden',
    `registry.example/cart@${digest.slice(0, -1)}`,
    `registry.example/cart@${digest}@${digest}`,
    'registry.example/cart@latest',
    'user:secret@registry.example/cart',
    'registry.example/cart?x',
    'registry.example/ca rt',
    'registry.example:port/cart',
    `registry.example/${'a'.repeat(300)}`,
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'REGISTRY_REFERENCE' }));
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['[::1]', true],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['10.0.0.1', false],
])('isLoopback(%s) is %s', (hostname, expected) => {
  expect(isLoopback(hostname)).toBe(expected);
});
