import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parsePublicPem } from '../../../fingerprint/keys.ts';
import { learnerTrustPolicy } from '../../../fingerprint/new-trust-policy.ts';
import type { Order } from '../../../fingerprint/order.ts';
import { verifyOrder } from '../../../fingerprint/order-envelope.ts';
import { verifyFingerprint } from '../../../fingerprint/verify.ts';
import { baseline } from '../../../test/fakes/trust.ts';
import { commandKey } from './command-key.ts';
import { learnerKey } from './learner-key.ts';
import { tlsFiles } from './tls-files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-keys-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const mode = (name: string) => (statSync(join(dir, name)).mode & 0o777).toString(8);
const now = Date.UTC(2026, 5, 1);
const day = 86_400_000;

describe('TLS files', () => {
  it('are made at first start: an authority and a certificate for every name', async () => {
    const tls = await tlsFiles(dir, ['localhost', '127.0.0.1', '::1', 'node-7'], now);
    const [server, ca] = [
      new X509Certificate(tls.certificate),
      new X509Certificate(readFileSync(tls.caFile)),
    ];
    expect(server.checkIssued(ca) && server.verify(ca.publicKey)).toBe(true);
    expect([
      server.checkHost('localhost'),
      server.checkHost('node-7'),
      server.checkIP('127.0.0.1'),
    ]).not.toContain(undefined);
    expect([ca.ca, server.ca]).toEqual([true, false]);
    expect([mode('ca.key'), mode('server.key'), mode('ca.pem')]).toEqual(['600', '600', '644']);
  });

  it('are kept at the next start', async () => {
    const first = await tlsFiles(dir, ['localhost'], now);
    expect(await tlsFiles(dir, ['localhost'], now + day)).toEqual(first);
  });

  it.each<[string, readonly string[], number]>([
    ['it will expire', ['localhost'], now + 800 * day],
    ['a name is new', ['localhost', 'collector.example'], now],
  ])('renew the certificate but not the authority when %s', async (_name, names, later) => {
    const first = await tlsFiles(dir, ['localhost'], now);
    const ca = readFileSync(first.caFile, 'utf8');
    const second = await tlsFiles(dir, names, later);
    expect(second.certificate.equals(first.certificate)).toBe(false);
    expect(readFileSync(second.caFile, 'utf8')).toBe(ca);
  });

  it('are refused when a key can be read by others', async () => {
    await tlsFiles(dir, ['localhost'], now);
    chmodSync(join(dir, 'server.key'), 0o644);
    await expect(tlsFiles(dir, ['localhost'], now)).rejects.toThrow(/server\.key .* 0600/);
  });

  it('are refused when the key of the authority is gone: no other is put in its place', async () => {
    const { caFile } = await tlsFiles(dir, ['localhost'], now);
    const before = readFileSync(caFile, 'utf8');
    rmSync(join(dir, 'ca.key'));
    await expect(tlsFiles(dir, ['localhost'], now)).rejects.toThrow(/lacks ca\.pem or ca\.key; put back/);
    expect(readFileSync(caFile, 'utf8')).toBe(before);
  });

  it('are refused with a sentence when damaged', async () => {
    await tlsFiles(dir, ['localhost'], now);
    writeFileSync(join(dir, 'server.pem'), 'garbage');
    await expect(tlsFiles(dir, ['localhost'], now)).rejects.toMatchObject({ code: 'bad-file' });
  });
});

describe('command key', () => {
  it('signs orders that its public file verifies, the same after a restart', () => {
    const order: Order = {
      id: 'o1',
      action: 'hold',
      session: '0'.repeat(32),
      seq: 1,
      target: { node: 'n', instance: 'i', process: { pid: 1, start: 2 }, incident: 'x' },
      reason: 'because',
      issuedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-01T00:01:00Z',
    };
    const first = commandKey(dir);
    const envelope = commandKey(dir).signer.sign(order);
    expect(verifyOrder(envelope, [parsePublicPem(readFileSync(first.publicFile, 'utf8'))])).toEqual(order);
    expect([mode('command.key'), mode('command.pub')]).toEqual(['600', '644']);
  });
});

describe('learner key', () => {
  it('signs what was learned, in a file of its own, the same after a restart', () => {
    const scope = { cluster: 'c', namespace: 'n', owner: 'o', container: 'x', role: 'main' } as const;
    const options = { workload: 'f'.repeat(64), version: 1, issuedAt: '2026-01-01T00:00:00Z' };
    const first = learnerKey(dir);
    const envelope = learnerKey(dir).learner.sign({ ...baseline, scope }, options);
    const key = parsePublicPem(readFileSync(first.publicFile, 'utf8'));
    const policy = learnerTrustPolicy({ learnerKey: key, issuedAt: options.issuedAt });
    expect(verifyFingerprint(envelope, policy, { now })).toMatchObject({ provisional: true });
    expect([mode('learner.key'), mode('learner.pub')]).toEqual(['600', '644']);
    expect(readFileSync(first.publicFile, 'utf8')).not.toBe(readFileSync(commandKey(dir).publicFile, 'utf8'));
  });
});
