import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import { judge } from '../fingerprint/judge.ts';
import type { OverlayContent } from '../fingerprint/overlay.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import type { StatementOptions } from '../fingerprint/statement.ts';
import { learnerTrustPolicy, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { openBaseline, overlayFor, overlayOptions, site, sitePolicy } from '../test/fakes/overlays.ts';
import { baseline, now, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { Counters } from './core/counters.ts';
import { FingerprintDesk, type FingerprintDeskOptions } from './fingerprint-desk.ts';
import type { AgentState } from './ports.ts';
import type { StateLine } from './state-line.ts';

const base = signFingerprint(openBaseline, signOptions, vendor);
const content = overlayFor(base.digest);
const overlay = (
  more: Partial<StatementOptions> = {},
  what: Partial<OverlayContent> = {},
  by = site,
): Uint8Array => signOverlay({ ...content, ...what }, { ...overlayOptions, ...more }, by).envelope;

const workload: Workload = {
  cluster: 'default',
  namespace: 'shop',
  owner: 'cart',
  container: 'main',
  role: 'main',
  subject: baseline.subject,
};
const query: Behaviour = {
  root: 'entrypoint',
  lineage: ['/usr/bin/cart'],
  kind: 'connect',
  transport: 'tcp',
  peer: 'db.corp.example',
  port: 5432,
};

class Desk {
  readonly lines: StateLine[] = [];
  readonly kept = new Map<string, Uint8Array>();
  state: AgentState = { streams: {}, aliveAt: 0 };
  now = now;
  policy: TrustPolicy | undefined = sitePolicy;
  readonly counters = new Counters();
  readonly desk: FingerprintDesk;

  constructor(more: Partial<FingerprintDeskOptions> = {}) {
    this.desk = new FingerprintDesk({ ...this.#options(), ...more });
  }

  #options = (): FingerprintDeskOptions => ({
    source: {
      envelopes: async () => [...this.kept].map(([name, bytes]) => ({ name, bytes })),
      keep: async (name, bytes) => void this.kept.set(name, bytes),
      copy: async (name, as) => {
        const bytes = this.kept.get(name);
        if (bytes !== undefined) this.kept.set(as, bytes);
      },
      forget: async (name) => void this.kept.delete(name),
    },
    state: {
      load: async () => this.state,
      save: async (state) => {
        this.state = state;
      },
    },
    trust: async () => this.policy,
    acceptPolicy: async () => false,
    platform: { os: 'linux', architecture: 'amd64' },
    onChanged: () => undefined,
    counters: this.counters,
    now: () => this.now,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    say: (line) => this.lines.push(line),
  });

  async give(...envelopes: readonly Uint8Array[]): Promise<this> {
    for (const bytes of envelopes) await this.desk.accept(bytes, 'test');
    return this;
  }

  verdict(of = workload): string {
    const inForce = this.desk.judging(of);
    return inForce === undefined ? 'not judged' : judge(query, inForce.index).kind;
  }

  refused(): string[] {
    return this.lines.flatMap((l) => (l.type === 'fingerprint-refused' ? [l.code] : []));
  }
}

describe('overlays on the desk', () => {
  it('leave unbound what nobody bound: its use drifts', async () => {
    expect((await new Desk().give(base.envelope)).verdict()).toBe('drift');
  });

  it.each([
    ['after', [base.envelope, overlay()]],
    ['before', [overlay(), base.envelope]],
  ])('bind what the fingerprint leaves open, come %s it or not', async (_when, envelopes) => {
    const desk = await new Desk().give(...envelopes);
    expect(desk.verdict()).toBe('expected');
    expect(desk.lines).toContainEqual(
      expect.objectContaining({
        type: 'overlay-in-force',
        sites: ['database'],
        volumes: ['data'],
        signedBy: 'Operations',
      }),
    );
  });

  it('never judge alone', async () => {
    expect((await new Desk().give(overlay())).verdict()).toBe('not judged');
  });

  it('give another object when something else is bound, and else the same', async () => {
    const { desk } = await new Desk().give(base.envelope);
    const unbound = desk.judging(workload);
    expect(desk.judging(workload)).toBe(unbound);
    expect(await desk.accept(overlay(), 'test')).toBe(true);
    expect(desk.judging(workload)).not.toBe(unbound);
    expect(await desk.accept(overlay(), 'test')).toBe(false);
  });

  it.each<[string, Uint8Array, string]>([
    ['of another key', overlay({}, {}, stranger), 'UNKNOWN_KEY'],
    ['of a key that only signs fingerprints', overlay({}, {}, vendor), 'KEY_NOT_ALLOWED'],
    ['that was tampered with', overlay().with(-30, 0x41), 'BAD_SIGNATURE'],
    ['that has run out', overlay({ expiresAt: '2026-05-02T11:00:00Z' }), 'EXPIRED'],
  ])('bind nothing when they are %s', async (_what, bytes, code) => {
    const desk = await new Desk().give(base.envelope, bytes);
    expect(desk.verdict()).toBe('drift');
    expect(desk.refused()).toHaveLength(1);
    if (code !== 'BAD_SIGNATURE') expect(desk.refused()).toEqual([code]);
  });

  it('bind nothing for another version of the fingerprint', async () => {
    const next = signFingerprint(openBaseline, { ...signOptions, version: 8 }, vendor);
    expect((await new Desk().give(base.envelope, overlay(), next.envelope)).verdict()).toBe('drift');
  });

  it('bind only in their scope', async () => {
    const { subject: _what, ...scope } = workload;
    const desk = await new Desk().give(base.envelope, overlay({}, { scope }));
    expect(desk.verdict()).toBe('expected');
    expect(desk.verdict({ ...workload, namespace: 'other' })).toBe('drift');
  });

  it('end when their time has come', async () => {
    const desk = await new Desk().give(base.envelope, overlay());
    expect(await desk.desk.look()).toBe(false);
    desk.now = Date.parse('2026-11-02T10:00:00Z');
    expect(await desk.desk.look()).toBe(true);
    expect(desk.verdict()).toBe('drift');
    expect(desk.lines.at(-1)).toMatchObject({ type: 'overlay-ended', sites: ['database'] });
  });

  it('hold after a restart, and no older one comes back', async () => {
    const first = await new Desk().give(base.envelope, overlay(), overlay({ version: 4 }));
    const second = new Desk();
    second.state = first.state;
    for (const [name, bytes] of first.kept) second.kept.set(name, bytes);
    await second.desk.open();
    expect(second.verdict()).toBe('expected');
    await second.give(overlay());
    expect(second.refused()).toEqual(['ROLLBACK']);
  });
});

describe('what was learned', () => {
  const learner = testKey(9);
  const { subject: _what, ...scope } = workload;
  const learned = (owner: string): Uint8Array =>
    signProvisional(
      { ...baseline, scope: { ...scope, owner } },
      { workload: owner, version: 1, issuedAt: signOptions.issuedAt },
      learner,
    ).envelope;

  it('is held for so many workloads only: what has not judged for longest goes, and nothing that was signed', async () => {
    const desk = new Desk({
      trust: async () =>
        learnerTrustPolicy({ learnerKey: learner.publicKey, issuedAt: signOptions.issuedAt }),
      limits: { learned: 2 },
    });
    const isJudged = (owner: string): boolean => desk.desk.judging({ ...workload, owner }) !== undefined;
    await desk.give(learned('cart'), learned('shop'));
    expect(['shop', 'cart'].map(isJudged)).toEqual([true, true]);
    await desk.give(learned('auth'));
    expect(['shop', 'cart', 'auth'].map(isJudged)).toEqual([false, true, true]);
    expect([...desk.kept.keys()].map((name) => name.slice(0, 8))).toEqual(['learned-', 'learned-']);
    await desk.give(learned('shop'));
    expect([isJudged('shop'), desk.refused()]).toEqual([true, []]);
  });
});
