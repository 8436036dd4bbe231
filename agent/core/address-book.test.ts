import { describe, expect, it } from 'vitest';
import type { Workload } from '../../fingerprint/workload.ts';
import { AddressBook, workloadPeer } from './address-book.ts';

const workload = (more: Partial<Workload> = {}): Workload => ({
  cluster: 'default',
  namespace: 'shop',
  owner: 'cart',
  container: 'main',
  role: 'main',
  subject: { name: 'registry.example/shop/cart', digest: `sha256:${'a'.repeat(64)}` },
  ...more,
});

describe('AddressBook', () => {
  it('names an address after the workload that lives there, until it leaves', () => {
    const book = new AddressBook();
    book.add('i1', workload(), undefined, ['10.0.0.7', 'fd00:0::7', '127.0.0.1']);
    const then = book.epoch;
    expect(book.nameOf('10.0.0.7')).toBe('workload:shop/cart');
    expect(book.nameOf('fd00::7')).toBe('workload:shop/cart');
    expect(book.nameOf('127.0.0.1')).toBeUndefined();
    book.add('i1', workload(), undefined, ['10.0.0.7']);
    expect(book.epoch).toBe(then);
    book.remove('i1');
    expect(book.nameOf('10.0.0.7')).toBeUndefined();
    expect(book.epoch).toBeGreaterThan(then);
  });

  it('gives the containers of a pod one name', () => {
    const book = new AddressBook();
    book.add('i1', workload(), undefined, ['10.0.0.7']);
    book.add('i2', workload({ container: 'sidecar' }), undefined, ['10.0.0.7']);
    expect(book.nameOf('10.0.0.7')).toBe('workload:shop/cart');
    book.remove('i1');
    expect(book.nameOf('10.0.0.7')).toBe('workload:shop/cart');
  });

  it('gives no name to an address that two workloads have', () => {
    const book = new AddressBook();
    book.add('i1', workload(), undefined, ['10.0.0.7']);
    book.add('i2', workload({ owner: 'other' }), undefined, ['10.0.0.7']);
    expect(book.nameOf('10.0.0.7')).toBeUndefined();
    book.remove('i2');
    expect(book.nameOf('10.0.0.7')).toBe('workload:shop/cart');
  });

  it('believes no container that it lives at a public address', () => {
    const book = new AddressBook();
    book.add('i1', workload(), undefined, ['203.0.113.7']);
    expect(book.nameOf('203.0.113.7')).toBeUndefined();
  });

  it('keeps no more than fits', () => {
    const book = new AddressBook();
    for (let n = 0; n < 5000; n++) book.add(`i${n}`, workload(), undefined, [`10.1.${n >> 8}.${n & 255}`]);
    expect(book.nameOf('10.1.15.255')).toBe('workload:shop/cart');
    expect(book.nameOf('10.1.16.0')).toBeUndefined();
  });
});

describe('workloadPeer', () => {
  it.each<[Partial<Workload>, string | undefined, string]>([
    [{}, 'cart-7d9f8b6c5-x2x4z', 'workload:shop/cart'],
    [{ owner: 'pod' }, 'cart-7d9f8b6c5-x2x4z', 'workload:shop/cart'],
    [{ owner: 'Deployment/cart' }, 'cart-7d9f8b6c5-x2x4z', 'workload:shop/cart'],
    [{ owner: 'Rollout.argoproj.io/cart' }, undefined, 'workload:shop/cart'],
    [{ owner: 'pod' }, 'agent-x2x4z', 'workload:shop/agent'],
    [{ owner: 'pod' }, 'db-0', 'workload:shop/db'],
    [{ owner: 'pod' }, 'my-stack', 'workload:shop/my-stack'],
    [
      { owner: 'cgroup/docker/{hex}', namespace: 'host' },
      undefined,
      'workload:host/registry.example/shop/cart',
    ],
  ])('%j in the pod %s is %s', (more, pod, name) => {
    expect(workloadPeer(workload(more), pod)).toBe(name);
  });
});
