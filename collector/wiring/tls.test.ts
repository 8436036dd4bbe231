import { webcrypto } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as x509 from '../../proto/x509.ts';
import { fakeServices } from '../../test/fakes/api.ts';
import { localCaller } from '../access.ts';
import { HttpApi } from '../adapters/http-api.ts';
import { tlsFiles } from '../adapters/keys/tls-files.ts';
import { TlsWatch } from './tls.ts';

const names = ['127.0.0.1'];
const dayMs = 86_400_000;
const today = Date.now();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let dir: string;
let now: number;
let told: unknown[];
let watch: TlsWatch;
let api: HttpApi;
let address: string;
let clients: Agent[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-tls-'));
  [told, clients] = [[], []];
  // Of 825 days less than a third is left today, and as much as clients ask for.
  now = today - 600 * dayMs;
  watch = await TlsWatch.open(
    { dir: at(), names, now: () => now },
    { ...silent, error: (...e) => told.push(e) },
  );
  api = new HttpApi({
    services: fakeServices(),
    localCaller: localCaller('ada'),
    socketPath: join(dir, 'sock'),
    tls: { ...watch.current, address: '127.0.0.1:0' },
    answered: () => undefined,
    now: () => now,
    random: (length) => new Uint8Array(length),
    log: silent,
  });
  address = (await api.listen()) ?? '';
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  await api.close();
  rmSync(dir, { recursive: true });
});

const at = (...name: string[]) => join(dir, 'tls', ...name);

/** As main.ts does it once a minute. */
async function look(): Promise<boolean> {
  const renewed = await watch.look();
  if (renewed !== undefined) api.use(renewed);
  return renewed !== undefined;
}

/** Somebody with one connection that stays open, who believes these authorities. */
function client(ca: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca });
  clients.push(agent);
  return () =>
    new Promise<{ status: number | undefined; shown: string; port: number | undefined }>(
      (resolve, reject) => {
        get(`https://${address}/api/v1/openapi.json`, { agent }, (response) => {
          const socket = response.socket as TLSSocket;
          const shown = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
          const { statusCode: status } = response;
          const port = socket.localPort;
          response.resume().on('end', () => resolve({ status, shown, port }));
        }).on('error', reject);
      },
    );
}

describe('the HTTPS listener', () => {
  it('shows a renewed certificate to whoever connects from then on; who is connected goes on', async () => {
    const { bundle } = watch.current;
    const early = client(bundle);
    const before = await early();
    now = today;
    expect([await look(), await look()]).toEqual([true, false]);
    const late = await client(bundle)();
    expect([late.status, late.shown === before.shown]).toEqual([200, false]);
    expect(await early()).toMatchObject({ status: 200, port: before.port });
    expect(told).toEqual([]);
  });

  it('follows an authority that somebody put in the place of the one before', async () => {
    const { bundle } = watch.current;
    const early = client(bundle);
    const before = await early();
    const other = await tlsFiles(join(dir, 'other'), names, now);
    for (const name of ['ca.pem', 'ca.key']) cpSync(join(dir, 'other', name), at(name));
    expect(await look()).toBe(true);
    await expect(client(bundle)()).rejects.toThrow(/unable to verify|self.signed/);
    expect(await client(other.bundle)()).toMatchObject({ status: 200 });
    expect(await early()).toMatchObject({ status: 200, port: before.port });
  });
});

describe('files that cannot be taken up', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['a certificate that is none', () => writeFileSync(at('server.pem'), 'garbage'), /are damaged/],
    ['a certificate of which a half is written', () => halve('server.pem'), /are damaged/],
    ['an authority that is none', () => writeFileSync(at('ca.pem'), ''), /are damaged/],
    ['an authority without its key', () => rmSync(at('ca.key')), /lacks ca\.pem or ca\.key; put back/],
    ['a key without its authority', () => rmSync(at('ca.pem')), /lacks ca\.pem or ca\.key; put back/],
    ['a key of another authority', () => anotherKey(), /no authority that ca\.key is the key of/],
    ['a key that others can read', () => chmodSync(at('server.key'), 0o644), /server\.key .* 0600/],
    ['a key too short for TLS', () => tooShort(), /server\.pem cannot be shown to anybody .*key too small/],
  ])('are told and left as they are, and the ones before go on: %s', async (_what, harm, sentence) => {
    const { bundle } = watch.current;
    const before = await client(bundle)();
    await harm();
    const left = contents();
    expect([await look(), await look()]).toEqual([false, false]);
    const err = expect.objectContaining({ code: 'bad-file', message: expect.stringMatching(sentence) });
    expect(told).toEqual(Array(2).fill([{ err }, 'TLS files cannot be taken up']));
    expect(await client(bundle)()).toMatchObject({ status: 200, shown: before.shown });
    expect(contents()).toEqual(left);
  });

  it('are taken up once they are mended', async () => {
    const whole = readFileSync(at('ca.key'));
    rmSync(at('ca.key'));
    now = today;
    expect(await look()).toBe(false);
    writeFileSync(at('ca.key'), whole, { mode: 0o600 });
    expect(await look()).toBe(true);
  });
});

const contents = () => readdirSync(at()).map((name) => [name, readFileSync(at(name), 'utf8')]);

function halve(name: string): void {
  const text = readFileSync(at(name), 'utf8');
  writeFileSync(at(name), text.slice(0, text.length / 2));
}

async function anotherKey(): Promise<void> {
  await tlsFiles(join(dir, 'other'), names, now);
  cpSync(join(dir, 'other', 'ca.key'), at('ca.key'));
}

/** Of the authority, for the right names and long enough, and yet nothing that OpenSSL shows to anybody. */
async function tooShort(): Promise<void> {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const size = { modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey({ ...rsa, ...size }, true, ['sign', 'verify']);
  const pkcs8 = (pem: Buffer) => x509.PemConverter.decodeFirst(pem.toString());
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: 'CN=short',
    issuer: new x509.X509Certificate(readFileSync(at('ca.pem'), 'utf8')).subject,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 700 * dayMs),
    publicKey: keys.publicKey,
    signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8(readFileSync(at('ca.key'))), ecdsa, false, [
      'sign',
    ]),
    signingAlgorithm: ecdsa,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'ip', value })))],
  });
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  writeFileSync(at('server.pem'), certificate.toString('pem'));
  writeFileSync(at('server.key'), key);
}
