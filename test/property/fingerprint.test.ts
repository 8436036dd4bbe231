import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { behaviourDigest } from '../../fingerprint/behaviour-digest.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { generalise, generalisePath } from '../../fingerprint/generalise.ts';
import { behaviourIdentity } from '../../fingerprint/identity.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { isFree, isSensitivePath, learnable } from '../../fingerprint/sensitive.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { aboutAll, arbBehaviour, arbBehaviours, arbPath, subject } from '../fakes/behaviours.ts';

const bytes = (bs: readonly Behaviour[]): string =>
  new TextDecoder().decode(canonicalBytes(learn(subject, bs, aboutAll)));
const text = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));

describe('learn', () => {
  it('gives the same bytes for any order and any repetition', () => {
    fc.assert(
      fc.property(
        arbBehaviours.chain((bs) =>
          fc.tuple(fc.constant(bs), fc.shuffledSubarray([...bs, ...bs], { minLength: bs.length * 2 })),
        ),
        ([bs, shuffled]) => {
          expect(bytes(shuffled)).toBe(bytes(bs));
        },
      ),
    );
  });

  it('gives the same bytes for any split', () => {
    fc.assert(
      fc.property(arbBehaviours, arbBehaviours, (a, b) => {
        const split = merge(learn(subject, a, aboutAll), learn(subject, b, aboutAll));
        expect(text(split)).toBe(bytes([...a, ...b]));
      }),
    );
  });

  it('learns nothing from a behaviour whose identity it has seen', () => {
    fc.assert(
      fc.property(arbBehaviours, (bs) => {
        const first = new Map(bs.map((b) => generalise(b, {})).map((b) => [behaviourIdentity(b), b]));
        expect(bytes([...first.values()])).toBe(bytes(bs));
      }),
    );
  });

  it('survives writing and reading, and its digest too', () => {
    fc.assert(
      fc.property(arbBehaviours, (bs) => {
        const baseline = learn(subject, bs, aboutAll);
        const read = parseBaseline(parseJson(canonicalBytes(baseline)));
        expect(read).toEqual(baseline);
        expect(behaviourDigest(read.behaviour)).toBe(behaviourDigest(baseline.behaviour));
      }),
    );
  });
});

describe('merge', () => {
  const arbBaseline = arbBehaviours.map((bs) => learn(subject, bs, aboutAll));

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(arbBaseline, arbBaseline, arbBaseline, (a, b, c) => {
        expect(text(merge(a, b))).toBe(text(merge(b, a)));
        expect(text(merge(merge(a, b), c))).toBe(text(merge(a, merge(b, c))));
        expect(text(merge(a, a))).toBe(text(a));
        expect(text(merge(merge(a, b), b))).toBe(text(merge(a, b)));
      }),
    );
  });
});

describe('judge', () => {
  it('expects what was learned, in its general form', () => {
    fc.assert(
      fc.property(arbBehaviours, (bs) => {
        const index = indexBehaviour(learn(subject, bs, aboutAll));
        for (const b of bs.map((x) => generalise(x, {})).filter((x) => learnable(x))) {
          expect(judge(b, index)).toEqual({ kind: 'expected' });
        }
      }),
    );
  });

  it('never expects what cannot be learned', () => {
    fc.assert(
      fc.property(arbBehaviours, (bs) => {
        const index = indexBehaviour(learn(subject, bs, aboutAll));
        for (const b of bs.map((x) => generalise(x, {})).filter((x) => !learnable(x) && !isFree(x))) {
          expect(judge(b, index).kind).toBe('drift');
        }
      }),
    );
  });

  it('never throws, whatever it is asked', () => {
    fc.assert(
      fc.property(arbBehaviours, arbBehaviour, (bs, b) => {
        const index = indexBehaviour(learn(subject, bs, aboutAll));
        expect(['expected', 'drift', 'unjudged']).toContain(judge(b, index).kind);
        expect(['expected', 'drift', 'unjudged']).toContain(judge({ ...b, lineage: [] }, index).kind);
      }),
    );
  });
});

/** Sensitive places, with the parts that patterns like to take. */
const arbSensitive = fc
  .tuple(
    fc.constantFrom('', '/host', '/mnt/1234', '/data/2026-05-02'),
    fc.constantFrom(
      '/etc/shadow',
      '/proc/1/environ',
      '/proc/4711/mem',
      '/proc/sys/kernel/core_pattern',
      '/run/secrets/kubernetes.io/serviceaccount/token',
      '/root/.ssh/id_rsa',
      '/etc/cron.d/1234',
      '/var/lib/kubelet/pki/kubelet-client-2026-05-02.pem',
      '/etc/ssl/private/12345678.key',
      '/run/containerd/s/b7f54b2df7773722d382f4809d65029c.sock',
      '/sys/fs/cgroup/release_agent',
      '/root/.aws/credentials',
    ),
  )
  .map((parts) => parts.join(''));

describe('generalise', () => {
  it('lets no pattern accept a sensitive path that was not observed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(arbPath, arbSensitive)), arbSensitive, (seen, path) => {
        fc.pre(!seen.includes(path));
        for (const act of ['read', 'write'] as const) {
          const learned = new Set(seen.map((p) => generalisePath(p, {}, act)));
          expect(learned.has(generalisePath(path, {}, act))).toBe(false);
        }
      }),
    );
  });

  it('neither makes a path sensitive nor hides that it is', () => {
    fc.assert(
      fc.property(fc.oneof(arbPath, arbSensitive), (path) => {
        expect(isSensitivePath(generalisePath(path, {}, 'read'))).toBe(isSensitivePath(path));
      }),
    );
  });

  it('accepts the exact path under its own pattern', () => {
    fc.assert(
      fc.property(arbPath, (path) => {
        const general = generalisePath(path, {}, 'read');
        expect(generalisePath(general, {}, 'read')).toBe(general);
      }),
      { numRuns: 1000 },
    );
  });
});
