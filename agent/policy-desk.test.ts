import { describe, expect, it } from 'vitest';
import { addSignature } from '../fingerprint/add-signature.ts';
import { policyPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { PrivateKey } from '../fingerprint/keys.ts';
import { signTrustPolicy } from '../fingerprint/policy-chain.ts';
import type { TrustedKey, TrustPolicy } from '../fingerprint/trust-policy.ts';
import { now, policy, testKey, vendor } from '../test/fakes/trust.ts';
import { Counters } from './core/counters.ts';
import { PolicyDesk } from './policy-desk.ts';
import type { KeptPolicy } from './ports/kept.ts';
import type { StateLine } from './state-line.ts';

const [a, b] = [testKey(11), testKey(12)];
const keyOf = ({ publicKey }: PrivateKey): [string, TrustedKey] => [
  publicKey.keyId,
  { key: publicKey, owner: 'root' },
];
const file: TrustPolicy = {
  ...policy,
  keys: new Map([...policy.keys, keyOf(a), keyOf(b)]),
  root: { keys: [a.publicKey.keyId, b.publicKey.keyId], threshold: 2 },
};
const at = '2026-05-01T00:00:00Z';
const revoked = {
  keys: new Map([[vendor.publicKey.keyId, { at, reason: 'key stolen' }]]),
  payloads: new Map(),
  minVersions: new Map(),
};
const second: TrustPolicy = { ...file, version: 2, revoked };
const third: TrustPolicy = { ...second, version: 3, expiresAt: '2030-01-01T00:00:00Z' };
const signed = (what: TrustPolicy, ...keys: [PrivateKey, ...PrivateKey[]]): Uint8Array =>
  keys
    .slice(1)
    .reduce((bytes, key) => addSignature(bytes, [policyPayloadType], key), signTrustPolicy(what, keys[0]));
const both = (what: TrustPolicy): Uint8Array => signed(what, a, b);

/** A node: its file, what it keeps, what it said. */
class Node {
  local: TrustPolicy | undefined = file;
  kept: readonly KeptPolicy[] = [];
  failing: FingerprintError | undefined;
  now = now;
  lines: StateLine[] = [];
  counters = new Counters();

  /** Starts the agent anew. */
  async start(maxVersions = 256): Promise<PolicyDesk> {
    this.counters = new Counters();
    this.lines = [];
    const desk = new PolicyDesk({
      local: async () => this.local,
      store: {
        load: async () => {
          if (this.failing !== undefined) throw this.failing;
          return this.kept;
        },
        save: async (policies) => {
          if (this.failing !== undefined) throw this.failing;
          this.kept = policies;
        },
      },
      now: () => this.now,
      counters: this.counters,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => void this.lines.push(line),
      maxVersions,
    });
    await desk.open();
    return desk;
  }

  get said(): readonly unknown[] {
    return this.lines.map((l) =>
      l.type === 'policy-in-force'
        ? `${l.version} from ${l.source}`
        : l.type === 'policy-refused'
          ? l.code
          : l.type,
    );
  }
}

describe('PolicyDesk', () => {
  it('begins with the local file', async () => {
    const node = new Node();
    const desk = await node.start();
    expect(await desk.trust()).toEqual(file);
    await desk.trust();
    expect(node.said).toEqual(['1 from file']);
    node.local = undefined;
    expect(await desk.trust()).toBeUndefined();
  });

  it('follows what its root signed, version by version, and again after a restart', async () => {
    const node = new Node();
    const desk = await node.start();
    expect(await desk.accept(both(second), 'collector')).toBe(true);
    expect(await desk.accept(both(third), 'collector')).toBe(true);
    expect(await desk.trust()).toEqual(third);
    expect(node.counters.snapshot()).toEqual({ 'policies.accepted': 2 });
    const again = await node.start();
    expect(await again.trust()).toEqual(third);
    expect(node.said).toEqual(['3 from collector']);
  });

  it('says nothing of what it follows already', async () => {
    const node = new Node();
    const desk = await node.start();
    await desk.accept(both(second), 'collector');
    await desk.accept(both(third), 'collector');
    for (const known of [second, third]) expect(await desk.accept(both(known), 'collector')).toBe(false);
    expect(node.said).toEqual(['2 from collector', '3 from collector']);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['an older version', () => both({ ...second, version: 1 }), 'POLICY_ROLLBACK'],
    [
      'another one of the same version',
      () => both({ ...second, expiresAt: '2031-01-01T00:00:00Z' }),
      'EQUIVOCATION',
    ],
    ['a version that leaves one out', () => both({ ...third, version: 4 }), 'POLICY_CHAIN'],
    ['too few root keys', () => signed(third, a), 'POLICY_CHAIN'],
    ['a stranger', () => signed(third, testKey(99)), 'UNKNOWN_KEY'],
    ['a revocation taken back', () => both({ ...file, version: 3 }), 'POLICY_CHAIN'],
    ['no envelope at all', () => new TextEncoder().encode('{}'), 'ENVELOPE_SHAPE'],
  ])('refuses %s, counts it and says so once', async (_name, bytes, code) => {
    const node = new Node();
    const desk = await node.start();
    await desk.accept(both(second), 'collector');
    for (let i = 0; i < 3; i++) expect(await desk.accept(bytes(), 'collector')).toBe(false);
    expect(node.said).toEqual(['2 from collector', code]);
    expect(node.counters.snapshot()[`policies.refused.${code}`]).toBe(3);
    expect(await desk.trust()).toEqual(second);
  });

  it('takes nothing from a network where the file names no root keys, or there is no file', async () => {
    for (const local of [policy, undefined]) {
      const node = new Node();
      node.local = local;
      const desk = await node.start();
      expect(await desk.accept(both(second), 'collector')).toBe(false);
      expect(node.said).toContain('POLICY_CHAIN');
      expect(node.kept).toEqual([]);
    }
  });

  it('lets a newer local file rule, and follows on from it', async () => {
    const node = new Node();
    const desk = await node.start();
    await desk.accept(both(second), 'collector');
    node.local = { ...third, expiresAt: '2031-01-01T00:00:00Z' };
    expect(await desk.trust()).toEqual(node.local);
    expect(await desk.accept(both({ ...third, version: 4 }), 'collector')).toBe(true);
    expect((await desk.trust())?.version).toBe(4);
    expect(node.kept).toHaveLength(1);
    expect(node.said).toEqual(['2 from collector', '3 from file', '4 from collector']);
  });

  it('goes on from an older local file as far as it leads', async () => {
    const node = new Node();
    await (await node.start()).accept(both(second), 'collector');
    node.local = {
      ...file,
      root: { keys: [a.publicKey.keyId], threshold: 1 },
      expiresAt: '2031-01-01T00:00:00Z',
    };
    expect((await (await node.start()).trust())?.version).toBe(2);
    node.local = { ...policy };
    expect((await (await node.start()).trust())?.version).toBe(1);
    expect(node.said).toEqual(['POLICY_CHAIN', '1 from file']);
  });

  it('keeps what root keys signed in their time, after it', async () => {
    const node = new Node();
    const keys = new Map([...file.keys].map(([id, k]) => [id, { ...k, notAfter: '2026-06-01T00:00:00Z' }]));
    node.local = { ...file, keys };
    await (await node.start()).accept(both({ ...second, keys }), 'collector');
    node.now = Date.parse('2028-01-01T00:00:00Z');
    const later = await node.start();
    expect((await later.trust())?.revoked).toEqual(revoked);
    expect(await later.accept(both({ ...third, keys }), 'collector')).toBe(false);
    expect(node.said).toEqual(['2 from collector', 'KEY_EXPIRED']);
  });

  it('trusts nothing rather than the file alone when what it followed cannot be read', async () => {
    const node = new Node();
    await (await node.start()).accept(both(second), 'collector');
    node.failing = new FingerprintError('STATE_IO', 'policies.json is damaged');
    const desk = await node.start();
    await expect(desk.trust()).rejects.toThrow(expect.objectContaining({ code: 'STATE_IO' }));
  });

  it('follows nothing that it cannot keep', async () => {
    const node = new Node();
    const desk = await node.start();
    node.failing = new FingerprintError('STATE_IO', 'the disk is full');
    expect(await desk.accept(both(second), 'collector')).toBe(false);
    expect(await desk.trust()).toEqual(file);
    node.failing = undefined;
    expect(await desk.accept(both(second), 'collector')).toBe(true);
  });

  it('keeps so many versions and asks for a new file then', async () => {
    const node = new Node();
    const desk = await node.start(1);
    await desk.accept(both(second), 'collector');
    expect(await desk.accept(both(third), 'collector')).toBe(false);
    expect(node.lines.at(-1)).toMatchObject({
      code: 'POLICY_CHAIN',
      message: expect.stringMatching(/replace that file/),
    });
  });
});
