import { describe, expect, it } from 'vitest';
import { workload } from '../test/fakes/behaviours.ts';
import { entryOf, inScope, isOfAnotherOwner, scopeOf, specificity } from './scope.ts';

const scope = scopeOf(workload);

describe('inScope', () => {
  it('holds for the workload that it was made of, whatever it runs', () => {
    expect(inScope(scope, workload)).toBe(true);
    expect(scope).not.toHaveProperty('subject');
    expect(inScope(undefined, workload)).toBe(true);
  });

  it.each(['cluster', 'namespace', 'owner', 'container'] as const)('ends at another %s', (member) => {
    expect(inScope(scope, { ...workload, [member]: 'another' })).toBe(false);
  });

  it('ends at another role', () => expect(inScope(scope, { ...workload, role: 'init' })).toBe(false));

  it.each<[string | undefined, string | undefined, boolean]>([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', undefined, true],
    [undefined, 'a', true],
  ])('with entry %s judges entry %s: %s', (mine, theirs, expected) => {
    const withEntry = mine === undefined ? scope : { ...scope, entry: mine };
    const copy = theirs === undefined ? workload : { ...workload, entry: theirs };
    expect(inScope(withEntry, copy)).toBe(expected);
  });
});

it('goes from nobody in particular to one service of one owner', () => {
  const levels = [undefined, scope, { ...scope, entry: 'a' }].map(specificity);
  expect(levels).toEqual([...levels].sort());
  expect(new Set(levels).size).toBe(3);
});

it.each([
  [{ id: 'c' }, false],
  [{ id: 'c', namespace: workload.namespace }, false],
  [{ id: 'c', namespace: 'other' }, true],
  [{ id: 'c', owner: 'Deployment/other' }, true],
  [{ id: 'c', namespace: workload.namespace, owner: workload.owner }, false],
  [undefined, false],
])('a recording that says %j is of another owner: %s', (container, expected) => {
  expect(isOfAnotherOwner(scope, container)).toBe(expected);
  expect(isOfAnotherOwner(undefined, container)).toBe(false);
});

describe('entryOf', () => {
  it.each<[string, readonly string[], readonly string[], boolean]>([
    ['another command', ['cart', 'serve'], ['cart', 'worker'], false],
    ['another count of arguments', ['cart', 'a b'], ['cart', 'a', 'b'], false],
    [
      'the name of the pod',
      ['cart', '--id=cart-7d9f8b6c5-x2x4z'],
      ['cart', '--id=cart-5bd68c7f4-9qkzn'],
      true,
    ],
    ['a passed address', ['cart', '--bind', '10.0.0.7:80'], ['cart', '--bind', '10.0.0.9:80'], true],
    ['a version, which is no address', ['cart', 'v1.2.3'], ['cart', 'v1.2.4'], false],
    ['a secret', ['cart', '--token=abc123abc'], ['cart', '--token=def456def'], true],
  ])('%s', (_what, one, other, same) => {
    const [a, b] = [entryOf(one, {}), entryOf(other, {})];
    expect(a).toMatch(/^[0-9a-f]{16}$/);
    expect(a === b).toBe(same);
  });
});
