import { describe, expect, it } from 'vitest';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { openBaseline, overlayFor, overlayOptions, site, sitePolicy } from '../test/fakes/overlays.ts';
import { baseline, now, signOptions, stranger, vendor } from '../test/fakes/trust.ts';
import { Fingerprints, type FingerprintsOptions } from './fingerprints.ts';
import type { AgentLink } from './ports.ts';

const base = signFingerprint(openBaseline, signOptions, vendor);
const overlay = signOverlay(overlayFor(base.digest), overlayOptions, site);

function desk({ trust }: Pick<FingerprintsOptions, 'trust'>) {
  const stored = new Map<string, Uint8Array>();
  const store = {
    fingerprints: async () => [...stored.values()],
    saveFingerprint: async (digest: string, envelope: Uint8Array) => void stored.set(digest, envelope),
  };
  const open = (): Fingerprints => new Fingerprints({ store, trust, now: () => now });
  return { stored, open };
}

const link = (sent: Uint8Array[], acked = 7): Pick<AgentLink, 'fingerprint' | 'hello'> => ({
  hello: {
    agent: 'a',
    node: 'node-1',
    cluster: 'local',
    session: '1'.repeat(32),
    version: 'test',
    source: 'fake',
    coverage: [],
    acked,
  },
  fingerprint: (envelope) => void sent.push(envelope),
});

describe('what the collector hands out', () => {
  it('are fingerprints and overlays alike, also after a restart', async () => {
    const { open } = desk({ trust: sitePolicy });
    const first = open();
    expect(await first.add(overlay.envelope)).toEqual({
      kind: 'overlay',
      digest: overlay.digest,
      subjects: [baseline.subject],
    });
    expect(await first.add(base.envelope)).toEqual({
      kind: 'base',
      digest: base.digest,
      subjects: [baseline.subject],
    });
    const second = open();
    await second.restore();
    const sent: Uint8Array[] = [];
    second.sendAll(link(sent));
    expect(sent).toEqual([base.envelope, overlay.envelope]);
  });

  it('is nothing that it knows to be worthless', async () => {
    const { open, stored } = desk({ trust: sitePolicy });
    const foreign = signOverlay(overlayFor(base.digest), overlayOptions, stranger).envelope;
    const vendors = signOverlay(overlayFor(base.digest), overlayOptions, vendor).envelope;
    await expect(open().add(foreign)).rejects.toMatchObject({ code: 'UNKNOWN_KEY' });
    await expect(open().add(vendors)).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    await expect(open().add(new Uint8Array([1]))).rejects.toMatchObject({ code: 'ENVELOPE_SYNTAX' });
    expect(stored.size).toBe(0);
  });

  it('is for each agent to verify where the collector has no policy', async () => {
    const { open } = desk({ trust: undefined });
    const foreign = signOverlay(overlayFor(base.digest), overlayOptions, stranger);
    expect((await open().add(foreign.envelope)).digest).toBe(foreign.digest);
  });
});
