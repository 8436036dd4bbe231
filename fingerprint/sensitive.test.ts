import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from './behaviour.ts';
import { neverLearnableRows } from './never-learnable-rows.ts';
import { isFree, isSensitivePath, learnable, neverLearnable } from './sensitive.ts';
import { sensitiveRows } from './sensitive-rows.ts';

const actor: Actor = { root: 'entrypoint', lineage: ['/app'] };

describe('sensitive paths', () => {
  it.each(sensitiveRows.flatMap((r) => r.examples.map((path) => [r.id, path])))('%s: %s is', (id, path) => {
    expect(isSensitivePath(path)).toBe(true);
    expect(sensitiveRows.find((r) => r.id === id)?.find.test(path)).toBe(true);
  });

  it.each(sensitiveRows.flatMap((r) => r.counterExamples.map((path) => [r.id, path])))(
    '%s: %s is not',
    (_, path) => expect(isSensitivePath(path)).toBe(false),
  );

  it('have rows of their own', () => {
    expect(new Set(sensitiveRows.map((r) => r.id)).size).toBe(sensitiveRows.length);
    for (const row of sensitiveRows) expect(row.find.flags).toBe('');
  });
});

describe('never learnable', () => {
  it.each(neverLearnableRows.flatMap((r) => r.examples.map((b) => [r.id, b] as const)))(
    '%s: %j is',
    (id, b) => {
      expect([neverLearnable(b), learnable(b)]).toEqual([true, false]);
      expect(neverLearnableRows.find((r) => r.id === id)?.applies(b)).toBe(true);
    },
  );

  it.each(neverLearnableRows.flatMap((r) => r.counterExamples.map((b) => [r.id, b] as const)))(
    '%s: %j is not',
    (_, b) => expect(neverLearnable(b)).toBe(false),
  );
});

describe('learnable', () => {
  it('leaves out a sensitive file whose name had to be hidden', () => {
    expect(learnable({ ...actor, kind: 'delete', path: '/root/.ssh/{secret}' })).toBe(false);
    expect(learnable({ ...actor, kind: 'rename', path: '/a', to: '/root/.ssh/{secret}' })).toBe(false);
    expect(learnable({ ...actor, kind: 'delete', path: '/data/{secret}' })).toBe(true);
  });

  it('leaves out devices without state', () => {
    const b: Behaviour = { ...actor, kind: 'open', path: '/dev/urandom', access: 'read' };
    expect([isFree(b), learnable(b), neverLearnable(b)]).toEqual([true, false, false]);
  });

  it('leaves out what depends on whose the files are', () => {
    const use = (detail: string): Behaviour => ({
      ...actor,
      kind: 'privilege',
      privilege: 'capability',
      detail,
    });
    expect([isFree(use('CAP_DAC_OVERRIDE')), learnable(use('CAP_DAC_OVERRIDE'))]).toEqual([true, false]);
    expect([isFree(use('CAP_CHOWN')), learnable(use('CAP_CHOWN'))]).toEqual([false, true]);
  });
});
