import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import { judge } from '../fingerprint/judge.ts';
import { learnerTrustPolicy } from '../fingerprint/new-trust-policy.ts';
import type { OverlayContent } from '../fingerprint/overlay.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import type { StatementOptions } from '../fingerprint/statement.ts';
import { openBaseline, overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { cart, SignedDesk } from '../test/fakes/signed-desk.ts';
import { baseline, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';

const base = signFingerprint(openBaseline, signOptions, vendor);
const content = overlayFor(base.digest);
const overlay = (
  more: Partial<StatementOptions> = {},
  what: Partial<OverlayContent> = {},
  by = site,
): Uint8Array => signOverlay({ ...content, ...what }, { ...overlayOptions, ...more }, by).envelope;

const query: Behaviour = {
  root: 'entrypoint',
  lineage: ['/usr/bin/cart'],
  kind: 'connect',
  transport: 'tcp',
  peer: 'db.corp.example',
  port: 5432,
};

function verdict({ desk }: SignedDesk, of = cart): string {
  const inForce = desk.judging(of);
  return inForce === undefined ? 'not judged' : judge(query, inForce.index).kind;
}

describe('overlays on the desk', () => {
  it('leave unbound what nobody bound: its use drifts', async () => {
    expect(verdict(await new SignedDesk().give(base.envelope))).toBe('drift');
  });

  it.each([
    ['after', [base.envelope, overlay()]],
    ['before', [overlay(), base.envelope]],
  ])('bind what the fingerprint leaves open, come %s it or not', async (_when, envelopes) => {
    const desk = await new SignedDesk().give(...envelopes);
    expect(verdict(desk)).toBe('expected');
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
    expect(verdict(await new SignedDesk().give(overlay()))).toBe('not judged');
  });

  it('give another object when something else is bound, and else the same', async () => {
    const { desk } = await new SignedDesk().give(base.envelope);
    const unbound = desk.judging(cart);
    expect(desk.judging(cart)).toBe(unbound);
    expect(await desk.accept(overlay(), 'test')).toBe(true);
    expect(desk.judging(cart)).not.toBe(unbound);
    expect(await desk.accept(overlay(), 'test')).toBe(false);
  });

  it.each<[string, Uint8Array, string]>([
    ['of another key', overlay({}, {}, stranger), 'UNKNOWN_KEY'],
    ['of a key that only signs fingerprints', overlay({}, {}, vendor), 'KEY_NOT_ALLOWED'],
    ['that was tampered with', overlay().with(-30, 0x41), 'BAD_SIGNATURE'],
    ['that has run out', overlay({ expiresAt: '2026-05-02T11:00:00Z' }), 'EXPIRED'],
  ])('bind nothing when they are %s', async (_what, bytes, code) => {
    const desk = await new SignedDesk().give(base.envelope, bytes);
    expect(verdict(desk)).toBe('drift');
    expect(desk.refused()).toHaveLength(1);
    if (code !== 'BAD_SIGNATURE') expect(desk.refused()).toEqual([code]);
  });

  it('bind nothing for another version of the fingerprint', async () => {
    const next = signFingerprint(openBaseline, { ...signOptions, version: 8 }, vendor);
    expect(verdict(await new SignedDesk().give(base.envelope, overlay(), next.envelope))).toBe('drift');
  });

  it('bind only in their scope', async () => {
    const { subject: _what, ...scope } = cart;
    const desk = await new SignedDesk().give(base.envelope, overlay({}, { scope }));
    expect(verdict(desk)).toBe('expected');
    expect(verdict(desk, { ...cart, namespace: 'other' })).toBe('drift');
  });

  it('end when their time has come', async () => {
    const desk = await new SignedDesk().give(base.envelope, overlay());
    expect(await desk.desk.look()).toBe(false);
    desk.now = Date.parse('2026-11-02T10:00:00Z');
    expect(await desk.desk.look()).toBe(true);
    expect(verdict(desk)).toBe('drift');
    expect(desk.lines.at(-1)).toMatchObject({ type: 'overlay-ended', sites: ['database'] });
  });

  it('hold after a restart, and no older one comes back', async () => {
    const first = await new SignedDesk().give(base.envelope, overlay(), overlay({ version: 4 }));
    const second = await first.again();
    expect(verdict(second)).toBe('expected');
    await second.give(overlay());
    expect(second.refused()).toEqual(['ROLLBACK']);
  });
});

describe('what was learned', () => {
  const learner = testKey(9);
  const { subject: _what, ...scope } = cart;
  const learned = (owner: string): Uint8Array =>
    signProvisional(
      { ...baseline, scope: { ...scope, owner } },
      { workload: owner, version: 1, issuedAt: signOptions.issuedAt },
      learner,
    ).envelope;

  it('is held for so many workloads only: what has not judged for longest goes, and nothing that was signed', async () => {
    const desk = new SignedDesk({
      trust: async () =>
        learnerTrustPolicy({ learnerKey: learner.publicKey, issuedAt: signOptions.issuedAt }),
      limits: { learned: 2 },
    });
    const isJudged = (owner: string): boolean => desk.desk.judging({ ...cart, owner }) !== undefined;
    await desk.give(learned('cart'), learned('shop'));
    expect(['shop', 'cart'].map(isJudged)).toEqual([true, true]);
    await desk.give(learned('auth'));
    expect(['shop', 'cart', 'auth'].map(isJudged)).toEqual([false, true, true]);
    expect([...desk.kept.keys()].map((name) => name.slice(0, 8))).toEqual(['learned-', 'learned-']);
    await desk.give(learned('shop'));
    expect([isJudged('shop'), desk.refused()]).toEqual([true, []]);
  });
});
