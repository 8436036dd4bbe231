import { describe, expect, it } from 'vitest';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { defaultThresholds, readiness } from '../fingerprint/readiness.ts';
import { scopeOf } from '../fingerprint/scope.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { shop } from '../test/fakes/reports.ts';
import { testKey } from '../test/fakes/trust.ts';
import { beforehandOf } from './beforehand.ts';
import { baselineOf, nothingBeforehand } from './core/baselines.ts';
import { historyOf } from './core/history.ts';
import type { LearnedNovelty, LearnedWorkload } from './core/learned.ts';

const day = 86_400_000_000;
const newer: Workload = { ...shop, subject: { ...shop.subject, digest: `sha256:${'c'.repeat(64)}` } };
const lineage = ['/usr/bin/shop', '/usr/bin/report'];
const job = { root: 'entrypoint', lineage, kind: 'exec', args: ['report'], origin: 'image' } as const;
const started = { ...job, lineage: ['/usr/bin/shop'], args: ['shop'] } as const;

const learned = (workload: Workload, novelties: readonly Partial<LearnedNovelty>[]): LearnedWorkload => ({
  workload,
  source: 'sensor',
  schedules: [],
  instances: [],
  novelties: novelties.map((n, ordinal) => ({
    ordinal,
    behaviour: started,
    phase: 'steady' as const,
    time: 1 + ordinal,
    node: 'n',
    instance: 'a',
    ...n,
  })),
});
const older = learned(shop, [{}, { behaviour: job }]);
const none = { of: () => [], refusal: () => undefined };
const store = (over: object = {}) => ({
  predecessor: async (hash: string) => (hash === workloadHash(newer) ? workloadHash(shop) : undefined),
  provisional: async () => undefined,
  learned: async () => older,
  ...over,
});

describe('a new digest', () => {
  it('begins with what the one before was known for, which is no novelty when it shows again', async () => {
    const beforehand = await beforehandOf(store(), none)(workloadHash(newer), newer);
    const seen = learned(newer, [{}, { behaviour: job, time: 2 * day }]);
    expect(baselineOf(learned(newer, [{}]), beforehand)).toMatchObject({
      behaviour: { programs: [{ exe: '/usr/bin/shop' }, { exe: '/usr/bin/report', args: [['report']] }] },
      observation: {
        inherited: { from: shop.subject.digest, programs: ['entrypoint|/usr/bin/shop|/usr/bin/report'] },
      },
    });
    const forecast = (known: typeof beforehand) =>
      readiness(historyOf(seen, 2 * day + 1, known), defaultThresholds).reasons.find(
        (r) => r.id === 'forecast' && r.phase === 'steady',
      )?.ok;
    expect([forecast(nothingBeforehand), forecast(beforehand)]).toEqual([false, true]);
    expect(beforehand.previous?.subject).toEqual(shop.subject);
  });

  it('inherits what was in force rather than what drifted from it', async () => {
    const baseline = { ...baselineOf(learned(shop, [{}])), scope: scopeOf(shop) };
    const about = { workload: workloadHash(shop), version: 1, issuedAt: '2026-01-01T00:00:00Z' };
    const { envelope } = signProvisional(baseline, about, testKey(5));
    const row = { version: 1, phases: ['steady'], signedAt: 1, envelope };
    const beforehand = await beforehandOf(store({ provisional: async () => row }), none)(
      workloadHash(newer),
      newer,
    );
    expect(beforehand.previous?.behaviour.programs.map((p) => p.exe)).toEqual(['/usr/bin/shop']);
  });

  it('keeps what people removed and declared, of whichever digest', async () => {
    const report = baselineOf(older).behaviour.programs.filter((p) => p.exe === '/usr/bin/report');
    const removed = { programs: report.map((p) => ({ ...p, id: 'p0', parents: [], args: [], origins: [] })) };
    const exercises = [{ mode: 'backup', expects: [] }] as const;
    const signed: Fingerprint = {
      ...baselineOf(older),
      removed,
      representativeness: exercises,
      stream: 's',
      version: 1,
      issuedAt: '2026-01-01T00:00:00Z',
    };
    const fingerprints = {
      ...none,
      of: (w: Workload) => (w.subject.digest === shop.subject.digest ? [signed] : []),
    };
    const beforehand = await beforehandOf(store(), fingerprints)(workloadHash(newer), newer);
    expect(beforehand.exercises).toEqual(exercises);
    const baseline = baselineOf(learned(newer, [{}, { behaviour: job }]), beforehand);
    expect(baseline.behaviour.programs.map((p) => p.exe)).toEqual(['/usr/bin/shop']);
    expect(baseline).toMatchObject({ removed, representativeness: exercises });
  });
});

describe('a first digest', () => {
  it('begins with nothing', async () => {
    expect(await beforehandOf(store(), none)(workloadHash(shop), shop)).toEqual(nothingBeforehand);
  });
});
