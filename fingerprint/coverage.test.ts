import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CoverageWord,
  canonicalCoverage,
  commonCoverage,
  coverageChange,
  coverageWords,
  covers,
  fullCoverage,
  judgedShare,
  notCovered,
} from './coverage.ts';
import { behaviourKinds, type Privilege, privileges } from './event.ts';

const actor = { root: 'entrypoint', lineage: ['/app'] } as const;
const saw = (coverage: readonly CoverageWord[], privilege: Privilege, detail?: string): boolean =>
  covers(new Set(coverage), {
    ...actor,
    kind: 'privilege',
    privilege,
    ...(detail === undefined ? {} : { detail }),
  });

describe('coverage', () => {
  it.each<[string, readonly CoverageWord[], Privilege, string | undefined, boolean]>([
    ['privilege: what its first readers saw', ['privilege'], 'memfd', undefined, true],
    ['…, also what is never learnable', ['privilege'], 'ptrace', 'attach', true],
    ['…, not capability use', ['privilege'], 'capability', 'CAP_CHOWN', false],
    ['…, not what the kernel asks for', ['privilege'], 'module-load', 'requested fs-xfs', false],
    ['…, but a module that a program loads', ['privilege'], 'module-load', '/x.ko', true],
    ['one privilege, itself', ['memfd'], 'memfd', undefined, true],
    ['one privilege, no other', ['memfd'], 'chroot', undefined, false],
    ['capability', ['capability'], 'capability', 'CAP_CHOWN', true],
    ['capability, no other', ['capability'], 'memfd', undefined, false],
    ['module-request', ['module-request'], 'module-load', 'requested fs-xfs', true],
    ['module-request, not modules', ['module-request'], 'module-load', '/x.ko', false],
    ['module-load, not requests', ['module-load'], 'module-load', 'requested fs-xfs', false],
  ])('%s', (_, coverage, privilege, detail, answer) => expect(saw(coverage, privilege, detail)).toBe(answer));

  it('of other kinds goes by kind', () => {
    const open = { ...actor, kind: 'open', path: '/x', access: 'read' } as const;
    expect([covers(new Set(['open']), open), covers(new Set(['privilege']), open)]).toEqual([true, false]);
  });

  it('all parts of privilege are privilege, and it takes them in', () => {
    const parts = privileges.filter((p) => p !== 'capability');
    expect(canonicalCoverage([...parts, 'open'])).toEqual(['open', 'privilege']);
    expect(canonicalCoverage(['privilege', 'memfd', 'capability'])).toEqual(['capability', 'privilege']);
  });

  it('that is common is what all saw', () => {
    expect(
      commonCoverage([
        ['privilege', 'open'],
        ['memfd', 'capability', 'open'],
      ]),
    ).toEqual(['memfd', 'open']);
    expect(commonCoverage([fullCoverage, behaviourKinds])).toEqual(canonicalCoverage(behaviourKinds));
    expect(commonCoverage([])).toEqual([]);
  });

  const arb = fc.subarray([...coverageWords]);
  it('that is common does not depend on order or repeats', () => {
    fc.assert(
      fc.property(arb, arb, arb, (a, b, c) => {
        expect(commonCoverage([a, b])).toEqual(commonCoverage([b, a]));
        expect(commonCoverage([commonCoverage([a, b]), c])).toEqual(commonCoverage([a, b, c]));
        expect(commonCoverage([a, a])).toEqual(canonicalCoverage(a));
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('in canonical form means the same', () => {
    fc.assert(
      fc.property(arb, (a) => {
        const form = canonicalCoverage(a);
        for (const p of privileges) expect(saw(form, p)).toBe(saw(a, p));
        expect(canonicalCoverage(form)).toEqual(form);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it.each<[string, readonly CoverageWord[], readonly CoverageWord[]]>([
    ['whole kinds', ['exec', 'privilege'], behaviourKinds.filter((k) => k !== 'exec' && k !== 'privilege')],
    ['no privileges at all', behaviourKinds.filter((k) => k !== 'privilege'), ['privilege']],
    [
      'of privileges those that are learnable',
      [...behaviourKinds.filter((k) => k !== 'privilege'), 'ptrace', 'memfd'],
      ['chroot', 'io-uring', 'compat-syscall', 'leave-cgroup'],
    ],
    ['nothing, as before there was capability', behaviourKinds, []],
  ])('leaves out %s', (_, coverage, missing) => expect(notCovered(coverage)).toEqual(missing));

  it.each<[string, readonly CoverageWord[], number]>([
    ['none', ['open'], 0],
    ['all', ['privilege'], 1],
    ['two of five', ['memfd', 'chroot', 'ptrace'], 0.4],
  ])('counts privileges for the score: %s', (_, coverage, share) =>
    expect(judgedShare(coverage, 'privilege')).toBe(share),
  );

  it('that changes is told in the fewest words', () => {
    expect(coverageChange(['privilege', 'open'], ['memfd', 'capability', 'open'])).toEqual({
      gained: ['capability'],
      lost: privileges.filter((p) => p !== 'memfd' && p !== 'capability').toSorted(),
    });
    expect(coverageChange(['open'], ['open', 'privilege'])).toEqual({ gained: ['privilege'], lost: [] });
  });
});
