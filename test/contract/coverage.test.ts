import { describe, expect, it } from 'vitest';
import { observe } from '../../cli/observe.ts';
import { type CoverageWord, fullCoverage } from '../../fingerprint/coverage.ts';
import { behaviourKinds, type Event, type Privilege } from '../../fingerprint/event.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import { observation, subject } from '../fakes/behaviours.ts';

/**
 * One fingerprint over sources that see different privileges: learned by one, judged by what another sees. What both see
 * is judged; what the learner could not see is no drift; what is never learnable alerts in any case.
 */
const sources: Readonly<Record<string, readonly CoverageWord[]>> = {
  'sensor, Linux 6.14': [...behaviourKinds, 'capability', 'module-request'],
  'sensor, before': [...behaviourKinds, 'module-request'],
  'as it was in version 0.1': behaviourKinds,
  'some of it': ['exec', 'open', 'module-load', 'ptrace', 'memfd', 'capability'],
  'most of it': [
    'exec',
    'open',
    'module-load',
    'ptrace',
    'memfd',
    'setns',
    'unshare',
    'mount',
    'chroot',
    'bpf',
  ],
  'none of it': ['exec', 'open', 'connect'],
};

interface Act {
  readonly privilege: Privilege;
  readonly detail?: string;
  /** The word that says whether a source sees it, besides `privilege`. */
  readonly word: CoverageWord;
  readonly never: boolean;
}
const acts: readonly Act[] = [
  { privilege: 'module-load', detail: '/lib/x.ko', word: 'module-load', never: true },
  { privilege: 'module-load', detail: 'requested net-pf-38', word: 'module-request', never: false },
  { privilege: 'ptrace', detail: 'attach', word: 'ptrace', never: true },
  { privilege: 'memfd', detail: 'x', word: 'memfd', never: false },
  { privilege: 'setns', detail: 'net', word: 'setns', never: true },
  { privilege: 'unshare', detail: 'user', word: 'unshare', never: true },
  { privilege: 'mount', detail: 'tmpfs on /x', word: 'mount', never: true },
  { privilege: 'chroot', detail: '/x', word: 'chroot', never: false },
  { privilege: 'bpf', detail: 'prog_load', word: 'bpf', never: true },
  { privilege: 'io-uring', detail: 'setup', word: 'io-uring', never: false },
  { privilege: 'compat-syscall', detail: 'i386 5', word: 'compat-syscall', never: false },
  { privilege: 'capability', detail: 'CAP_CHOWN', word: 'capability', never: false },
];

const sees = (coverage: readonly CoverageWord[], { word }: Act): boolean =>
  coverage.includes(word) ||
  (word !== 'capability' && word !== 'module-request' && coverage.includes('privilege'));

function life(done: readonly Act[]): Event[] {
  const process = { pid: 10, start: 1_000 };
  const base = { process, parent: { pid: 1, start: 1 }, cgroup: 7 };
  const at = (n: number) => ({ ...base, time: 1_000_000_000_000_000 + n * 1_000 });
  return [
    { ...at(0), kind: 'cgroup', action: 'made', id: 7, path: '/app' },
    { ...at(1), kind: 'attach', to: 7, path: '/app' },
    { ...at(2), kind: 'exec', exe: '/app', args: ['app'], origin: 'image' },
    ...done.map(
      ({ privilege, detail }, i): Event => ({
        ...at(3 + i),
        kind: 'privilege',
        privilege,
        ...(detail === undefined ? {} : { detail }),
      }),
    ),
  ];
}

const approval = {
  fingerprint: `sha256:${'6'.repeat(64)}`,
  version: 1,
  signedBy: 'x',
  maxMode: 'kill',
} as const;

/** What becomes of one act, told by a source that sees it, under what was learned from these acts. */
function verdict(learned: readonly CoverageWord[], normal: readonly Act[], act: Act): string {
  const { novelties } = observe(life(normal), { subject, coverage: learned });
  const index = indexBehaviour(learn(subject, novelties, { coverage: learned, observation }));
  const seen = observe(life([act]), { subject, coverage: fullCoverage, inForce: { index, approval } });
  const [drift] = seen.incidents.flatMap((i) => i.drifts);
  if (drift !== undefined) return drift.because;
  return seen.counters.get('unjudged.source-cannot-see') > 0 ? 'unjudged' : 'expected';
}

const pairs = Object.entries(sources).flatMap(([learner, learned]) =>
  Object.entries(sources).map(([other, seen]) => ({ learner, learned, other, seen })),
);

describe('learned by one source, seen by another', () => {
  it.each(pairs)('$learner, then $other: what is normal is no drift', ({ learned, seen }) => {
    const normal = acts.filter((act) => sees(learned, act));
    for (const act of acts.filter((a) => sees(seen, a))) {
      const expected = sees(learned, act) ? 'expected' : 'unjudged';
      expect([act.detail, verdict(learned, normal, act)]).toEqual([
        act.detail,
        act.never ? 'never-learnable' : expected,
      ]);
    }
  });

  it.each(pairs)(
    '$learner, then $other: what is not normal drifts, where both see it',
    ({ learned, seen }) => {
      for (const act of acts.filter((a) => sees(seen, a))) {
        const expected = sees(learned, act) ? 'new-privilege' : 'unjudged';
        expect([act.detail, verdict(learned, [], act)]).toEqual([
          act.detail,
          act.never ? 'never-learnable' : expected,
        ]);
      }
    },
  );

  it.each(['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID'])(
    '%s is whose files they are: neither learned nor judged',
    (detail) => {
      const act: Act = { privilege: 'capability', detail, word: 'capability', never: false };
      expect(verdict(fullCoverage, [], act)).toBe('expected');
      expect(observe(life([act]), { subject, coverage: fullCoverage }).novelties).toHaveLength(1);
    },
  );
});
