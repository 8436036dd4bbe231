import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { observe } from '../../cli/observe.ts';
import { type BehaviourKind, behaviourKinds, type Event } from '../../fingerprint/event.ts';
import { parseEvent } from '../../fingerprint/event-json.ts';
import type { Incident, Severity } from '../../fingerprint/incident.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import type { DriftReason } from '../../fingerprint/verdict.ts';

const fixtures = new URL('../../bpf-fixtures/', import.meta.url).pathname;
const folder = `${fixtures}attacks/`;

function recording(file: string): Event[] {
  const text = gunzipSync(readFileSync(`${fixtures}${file}.jsonl.gz`)).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => parseEvent(JSON.parse(line)));
}

const approval = {
  fingerprint: `sha256:${'6'.repeat(64)}`,
  version: 1,
  signedBy: 'the vendor',
  maxMode: 'kill',
} as const;
const coverage = behaviourKinds;

/** Learns from recordings of everyday life; gives what judges others by that. */
function taught(...files: readonly string[]): (file: string) => readonly Incident[] {
  const lives = files.map(recording);
  const digest = lives[0]?.find((e) => e.container?.digest !== undefined)?.container?.digest ?? '';
  const subject = { name: 'registry.example/corpus', digest };
  const observation = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-02T00:00:00Z',
    source: 'sensor',
    events: 0,
    lost: 0,
    instances: [],
  };
  const novelties = lives.flatMap((events) => observe(events, { subject, coverage }).novelties);
  const index = indexBehaviour(learn(subject, novelties, { coverage, observation }));
  return (file) => observe(recording(file), { subject, coverage, inForce: { index, approval } }).incidents;
}

const byEveryday = taught('attacks/everyday-1', 'attacks/everyday-2');
const judged = (name: string): readonly Incident[] => byEveryday(`attacks/${name}`);

interface Expected {
  readonly severity: Severity;
  /** Kinds that must show; others may. */
  readonly kinds: readonly BehaviourKind[];
  /** The item on top of the list. */
  readonly top: { readonly because: DriftReason; readonly subject: RegExp };
}

/** What each attack must show as. The command that starts it was taught; what is left is the act. */
const attacks: Readonly<Record<string, Expected>> = {
  'dropped-binary': {
    severity: 'critical',
    kinds: ['exec', 'open', 'connect'],
    top: { because: 'new-program', subject: /^\/tmp\/x call$/ },
  },
  'renamed-library': {
    severity: 'critical',
    kinds: ['load', 'open'],
    top: { because: 'never-learnable', subject: /libupdate\.so\.1$/ },
  },
  'overwritten-script': {
    severity: 'critical',
    kinds: ['load', 'open'],
    top: { because: 'never-learnable', subject: /report\.sh$/ },
  },
  'ld-preload': {
    severity: 'critical',
    kinds: ['exec', 'load', 'open'],
    top: { because: 'never-learnable', subject: /libhook\.so$/ },
  },
  memfd: {
    severity: 'critical',
    kinds: ['exec', 'privilege', 'connect'],
    top: { because: 'new-program', subject: /^worker call$/ },
  },
  'in-process-connect': {
    severity: 'high',
    kinds: ['connect'],
    top: { because: 'first-egress', subject: /^203\.0\.113\.7:443$/ },
  },
  'fast-open': {
    severity: 'high',
    kinds: ['connect'],
    top: { because: 'first-egress', subject: /^203\.0\.113\.7:443$/ },
  },
  'io-uring': {
    severity: 'high',
    kinds: ['privilege', 'open'],
    top: { because: 'new-privilege', subject: /^io-uring setup$/ },
  },
  int80: {
    severity: 'high',
    kinds: ['privilege', 'open'],
    top: { because: 'new-privilege', subject: /^compat-syscall/ },
  },
  'chroot-twin': {
    severity: 'critical',
    kinds: ['exec', 'privilege', 'open'],
    top: { because: 'new-program', subject: /^worker$/ },
  },
  'shadow-link': {
    severity: 'high',
    kinds: ['link'],
    top: { because: 'sensitive-file', subject: /\/etc\/shadow/ },
  },
  'hidden-token': {
    severity: 'high',
    kinds: ['open'],
    top: { because: 'sensitive-file', subject: /serviceaccount\/token$/ },
  },
  'reverse-shell': {
    severity: 'high',
    kinds: ['exec', 'connect'],
    top: { because: 'first-egress', subject: /^203\.0\.113\.7:4444$/ },
  },
  miner: {
    severity: 'critical',
    kinds: ['exec', 'open'],
    top: { because: 'new-program', subject: /xmrig/ },
  },
  scan: { severity: 'high', kinds: ['connect'], top: { because: 'first-egress', subject: /^203\.0\.113\./ } },
  'dns-tunnel': {
    severity: 'high',
    kinds: ['resolve', 'connect'],
    top: { because: 'first-egress', subject: /^\{resolver\}:53$/ },
  },
  persistence: {
    severity: 'high',
    kinds: ['open'],
    top: { because: 'sensitive-file', subject: /cron\.d|bashrc|preload/ },
  },
  escape: {
    severity: 'critical',
    kinds: ['privilege', 'open', 'connect'],
    top: { because: 'never-learnable', subject: /unshare|setns|mount|ptrace/ },
  },
  'log-clearing': {
    severity: 'high',
    kinds: ['delete', 'open'],
    top: { because: 'sensitive-file', subject: /bash_history|wtmp|service\.log/ },
  },
  'interactive-exec': {
    severity: 'critical',
    kinds: ['exec', 'open'],
    top: { because: 'new-lineage', subject: /^sh -c/ },
  },
};

/** Attacks on the daemons of the corpus, by all that was recorded of them. */
const onDaemons: Readonly<Record<string, Expected & { readonly daemon: string }>> = {
  'postgres-program': {
    daemon: 'postgres',
    severity: 'critical',
    kinds: ['exec', 'load', 'open'],
    top: { because: 'never-learnable', subject: /^\/tmp\/\.x$/ },
  },
  'redis-replica': {
    daemon: 'redis',
    severity: 'high',
    kinds: ['connect'],
    top: { because: 'first-egress', subject: /^203\.0\.113\.7:6379$/ },
  },
  'cron-script': {
    daemon: 'cron',
    severity: 'critical',
    kinds: ['exec', 'load', 'open'],
    top: { because: 'never-learnable', subject: /^\/usr\/local\/bin\/backup$/ },
  },
};

function shows(expected: Expected, incidents: readonly Incident[]): void {
  it('is one incident', () => {
    expect(incidents.map((i) => i.sentence)).toHaveLength(1);
  });

  it('shows as what it was, the gravest item first', () => {
    const [incident] = incidents;
    expect(incident?.severity).toBe(expected.severity);
    expect(incident?.kinds).toEqual(expect.arrayContaining([...expected.kinds]));
    expect(incident?.drifts[0]).toMatchObject({ because: expected.top.because });
    expect(incident?.drifts[0]?.subject).toMatch(expected.top.subject);
  });
}

describe('attacks on the daemons of the corpus', () => {
  describe.each(Object.entries(onDaemons))('%s', (name, { daemon, ...expected }) => {
    const judge = taught(...['a', 'b', 'c'].map((env) => `corpus/${daemon}/${env}`));
    shows(expected, judge(`attacks/${name}`));
  });
});

describe('attacks on a service whose everyday life was learned', () => {
  it.each(['everyday-1', 'everyday-2'])('%s raises nothing', (name) => {
    expect(judged(name).map((i) => i.sentence)).toEqual([]);
  });

  describe.each(Object.entries(attacks))('%s', (name, expected) => {
    shows(expected, judged(name));
  });

  it('is told in these words', async () => {
    const told = Object.keys(attacks).map((name) => ({
      attack: name,
      incidents: judged(name).map((i) => ({
        severity: i.severity,
        kinds: i.kinds,
        sentence: i.sentence,
        drifts: i.drifts.slice(0, 6).map((d) => [d.severity, d.kind, d.because, d.subject, d.count]),
        rows: i.drifts.length,
        more: i.more,
      })),
    }));
    await expect(`${JSON.stringify(told, null, 1)}\n`).toMatchFileSnapshot(`${folder}incidents.json`);
  });
});
