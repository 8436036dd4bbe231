import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcIngest } from '../../collector/adapters/ingest-grpc.ts';
import { makeServerCertificate } from '../../collector/adapters/keys/certificates.ts';
import { type TlsFiles, tlsFiles } from '../../collector/adapters/keys/tls-files.ts';
import type { Identities } from '../../collector/identities.ts';
import type { AgentHandler } from '../../collector/ports.ts';
import { agentMessageToWire, parseCollectorMessage } from '../../proto/convert.ts';
import { loadProto } from '../../proto/load.ts';
import { minted } from '../../test/fakes/enrolled.ts';
import { anyIdentities, by, type MemoryIdentities } from '../../test/fakes/identities.ts';
import { LiveStream } from '../../test/fakes/live-stream.ts';
import { NodeIdentity, type NodeIdentityOptions } from './node-identity.ts';

/** Both ends as they are, on a port of this machine; only the clocks and the database are a test's own. */
const day = 86_400_000;
let dir: string;
let clock: { now: number };
let tls: TlsFiles;
let identities: Identities;
let store: MemoryIdentities;
let joinToken: string | undefined;
let edge: GrpcIngest;
let address: string;
let undo: (() => unknown)[];

const names = ['localhost', '127.0.0.1'];
const handler: AgentHandler = {
  connected: async () => 0,
  deliver: async () => 0,
  heartbeat: () => undefined,
  disconnected: () => undefined,
};
const doorOf = ({ certificate, key, bundle }: TlsFiles) => ({ certificate, key, ca: bundle });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-identity-'));
  clock = { now: Date.now() };
  undo = [];
  tls = await tlsFiles(join(dir, 'tls'), names, clock.now);
  ({ identities, store, joinToken } = await anyIdentities(tls.authority, { now: () => clock.now }));
  edge = new GrpcIngest({ address: '127.0.0.1:0', tls: doorOf(tls), gate: identities, collectorId: 'c' });
  address = await edge.listen(handler);
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  await edge.close();
  rmSync(dir, { recursive: true });
});

function node(over: Partial<NodeIdentityOptions> = {}): NodeIdentity {
  return new NodeIdentity({
    dir: join(dir, 'identity'),
    address,
    cluster: 'c',
    node: 'n',
    token: () => (joinToken === undefined ? undefined : { method: 'join-token', token: joinToken }),
    now: () => clock.now,
    random: () => 0,
    ...over,
  });
}

async function shownBy(identity: NodeIdentity) {
  const shown = await identity.current();
  if (typeof shown === 'string') throw new Error(shown);
  return shown;
}

function live(identity: Pick<NodeIdentity, 'current' | 'refused'>): LiveStream {
  const stream = new LiveStream({ address, identity, cluster: 'c', node: 'n' });
  undo.push(() => stream.end());
  return stream;
}
const told = (count: number) => (states: readonly string[]) => states.length >= count;

describe('a node that has a join token and nothing else', () => {
  it('knows its collector by the pin, gets a certificate and connects with it', async () => {
    expect(await live(node()).until(told(1))).toEqual(['connected']);
    const mode = (name: string) => (statSync(join(dir, 'identity', name)).mode & 0o777).toString(8);
    expect([mode('key.pem'), readFileSync(join(dir, 'identity', 'ca.pem'), 'utf8')]).toEqual([
      '600',
      tls.bundle,
    ]);
  });

  it('is believed by openssl as a client, and as nothing else', async () => {
    await node().enrol();
    const verify = (purpose: string): string =>
      execFileSync(
        'openssl',
        [
          'verify',
          '-x509_strict',
          '-purpose',
          purpose,
          '-CAfile',
          tls.caFile,
          join(dir, 'identity', 'certificate.pem'),
        ],
        { encoding: 'utf8', stdio: 'pipe' },
      );
    expect(verify('sslclient')).toMatch(/: OK\n$/);
    for (const purpose of ['sslserver', 'smimesign']) expect(() => verify(purpose)).toThrow(/purpose/);
  });

  it('tells nothing to an impostor that has a certificate of its own', async () => {
    const own = await tlsFiles(join(dir, 'impostor'), names, clock.now);
    const { identities: gate, store: told } = await anyIdentities(own.authority);
    const impostor = new GrpcIngest({ address: '127.0.0.1:0', tls: doorOf(own), gate, collectorId: 'evil' });
    undo.push(() => impostor.close());
    const there = await impostor.listen(handler);
    expect(await node({ address: there }).current()).toMatch(
      /is not the collector that made this join token/,
    );
    expect([told.certificates, existsSync(join(dir, 'identity'))]).toEqual([[], false]);
  });

  it('tells nothing to an impostor that shows the real authority beside its own certificate', async () => {
    const own = await tlsFiles(join(dir, 'impostor'), names, clock.now);
    const chain = Buffer.concat([own.certificate, Buffer.from(tls.authority.certificate)]);
    const { identities: gate, store: told } = await anyIdentities(own.authority);
    const door = { certificate: chain, key: own.key, ca: own.bundle };
    const impostor = new GrpcIngest({ address: '127.0.0.1:0', tls: door, gate, collectorId: 'evil' });
    undo.push(() => impostor.close());
    const there = await impostor.listen(handler);
    expect(typeof (await node({ address: there }).current())).toBe('string');
    expect(told.certificates).toEqual([]);
  });

  it('asks with the same key when the answer was lost', async () => {
    const first = await shownBy(node());
    rmSync(join(dir, 'identity', 'certificate.pem'));
    const second = await shownBy(node());
    const keyOf = (pem: Buffer) => new X509Certificate(pem).publicKey.export({ format: 'pem', type: 'spki' });
    expect(keyOf(second.certificate)).toEqual(keyOf(first.certificate));
    expect(second.certificate.equals(first.certificate)).toBe(false);
  });

  it.each<[string, () => Partial<NodeIdentityOptions>, RegExp]>([
    ['has no token', () => ({ token: () => undefined }), /no token to get one; give it a join token/],
    [
      'has something else',
      () => ({ token: () => ({ method: 'join-token', token: 'abc' }) }),
      /this is no join token/,
    ],
    [
      'has a service-account token and no CA',
      () => ({ token: () => ({ method: 'kubernetes', token: 'x.y.z' }) }),
      /collectorCa/,
    ],
    ['cannot reach it', () => ({ address: '127.0.0.1:1' }), /cannot be reached: .*ECONNREFUSED/],
  ])('says so in a sentence when it %s', async (_name, over, sentence) => {
    expect(await node(over()).current()).toMatch(sentence);
  });

  it('does not use a key that others can read', async () => {
    await node().enrol();
    chmodSync(join(dir, 'identity', 'key.pem'), 0o644);
    expect(await node().current()).toMatch(/key\.pem can be read by others .* 0600/);
  });
});

describe('a certificate on its way', () => {
  it('is shown until half of its life, then renewed with the same key and request', async () => {
    const identity = node();
    const first = await shownBy(identity);
    expect(first.renewAt - clock.now).toBeLessThan(day / 2);
    clock.now = first.renewAt - 1;
    expect((await shownBy(identity)).certificate).toEqual(first.certificate);
    clock.now = first.renewAt;
    const second = await shownBy(identity);
    expect(second.certificate.equals(first.certificate)).toBe(false);
    expect(second.key).toEqual(first.key);
    expect(store.certificates.map((row) => row.how)).toEqual(['join-token', 'renewal']);
  });

  it('goes on serving while it cannot be renewed, and is tried again in time', async () => {
    const identity = node();
    const first = await shownBy(identity);
    await edge.close();
    clock.now = first.renewAt;
    const still = await shownBy(identity);
    expect(still.certificate).toEqual(first.certificate);
    expect(still.renewAt).toBeGreaterThan(clock.now);
    expect(still.renewAt).toBeLessThan(clock.now + day / 10);
  });

  it.each<[number, boolean]>([
    [29, true],
    [31, false],
  ])('that ran out %d days ago, as after a long outage, is renewed: %s', async (days, renewed) => {
    await node().enrol();
    joinToken = undefined;
    clock.now += day + days * day;
    const shown = await node().current();
    if (renewed) expect(shown).toHaveProperty('certificate');
    else expect(shown).toMatch(/ran out more than 30 days ago; enrol this machine again/);
  });

  it('that is too old to be renewed is replaced where there is a token', async () => {
    await node().enrol();
    clock.now += 40 * day;
    joinToken = (await identities.makeJoinToken({ node: 'n' }, by)).token;
    await shownBy(node());
    expect(store.certificates.map((row) => row.how)).toEqual(['join-token', 'join-token']);
  });

  it('that the collector does not know is replaced where there is a token', async () => {
    const identity = node();
    await identity.enrol();
    identity.refused('certificate-unknown');
    joinToken = (await identities.makeJoinToken({ node: 'n' }, by)).token;
    await shownBy(identity);
    expect(store.certificates.map((row) => row.how)).toEqual(['join-token', 'join-token']);
  });
});

describe('the port', () => {
  it.each<[string, () => Promise<{ certificate: Buffer; key: Buffer }>, RegExp]>([
    [
      'with one of another authority',
      async () => minted((await tlsFiles(join(dir, 'x'), names, clock.now)).caFile, mine),
      /none that this collector gave/,
    ],
    [
      'with one that has run out',
      () => minted(tls.caFile, { ...mine, now: clock.now - 2 * day }),
      /has run out/,
    ],
    ['with one of another node', () => minted(tls.caFile, { ...mine, node: 'm' }), /is of the node m/],
    [
      "with the collector's own",
      async () => {
        const pair = await makeServerCertificate(tls.authority, names, clock.now);
        return { certificate: Buffer.from(pair.certificate), key: Buffer.from(pair.key) };
      },
      /none that this collector gave/,
    ],
  ])('serves nobody %s', async (_name, make, sentence) => {
    const given = await make();
    const shown = { ...given, ca: Buffer.from(tls.bundle), renewAt: Number.MAX_SAFE_INTEGER };
    const stream = live({ current: async () => shown, refused: () => undefined });
    expect((await stream.until(told(1)))[0]).toMatch(sentence);
  });

  it('serves nobody without a certificate, and says so', async () => {
    const { path, requestSerialize, responseDeserialize } = loadProto('whorl.proto').method(
      'whorl.v1.Collector',
      'Connect',
    );
    const client = new Client(address, credentials.createSsl(Buffer.from(tls.bundle)), {
      'grpc.ssl_target_name_override': 'localhost',
    });
    undo.push(() => client.close());
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('error', () => undefined);
    const about = {
      agent: 'a1',
      ...mine,
      session: '0'.repeat(32),
      version: '1',
      source: 'x',
      coverage: [],
      acked: 0,
    };
    call.write(agentMessageToWire({ kind: 'hello', hello: about }));
    const [answer] = await once(call, 'data');
    expect(parseCollectorMessage(answer)).toMatchObject({ kind: 'refused', code: 'no-certificate' });
  });

  it('ends the stream of whoever is shut out, at once and with a sentence', async () => {
    const stream = live(node());
    await stream.until(told(1));
    await identities.revoke({ cluster: 'c', agent: 'n' }, by);
    expect((await stream.until(told(2)))[1]).toMatch(/shut out by a person/);
  });

  it('shows a renewed certificate from the next connection on, and a live stream goes on', async () => {
    const stream = live(node());
    await stream.until(told(1));
    const renewed = await tlsFiles(join(dir, 'tls'), names, clock.now + 700 * day);
    edge.use(doorOf(renewed));
    const fingerprint = await serverSeen();
    expect(fingerprint).toBe(new X509Certificate(renewed.certificate).fingerprint256);
    expect(fingerprint).not.toBe(new X509Certificate(tls.certificate).fingerprint256);
    expect(stream.states).toEqual(['connected']);
  });

  it('believes an old authority and a new one while one follows the other, and tells agents of both', async () => {
    const certificate = await shownBy(node());
    const next = await tlsFiles(join(dir, 'next'), names, clock.now);
    // The new one signs; the old one is still believed.
    writeFileSync(join(dir, 'tls', 'ca.pem'), next.bundle + tls.bundle);
    writeFileSync(join(dir, 'tls', 'ca.key'), next.authority.key);
    const both = await tlsFiles(join(dir, 'tls'), names, clock.now);
    expect(both.authorities).toHaveLength(2);
    expect(both.authority.certificate).toBe(next.authority.certificate);
    expect(
      new X509Certificate(both.certificate).verify(new X509Certificate(next.authority.certificate).publicKey),
    ).toBe(true);
    const { readAgentCertificate } = await import('../../collector/adapters/keys/read-agent-certificate.ts');
    expect(
      readAgentCertificate(new X509Certificate(certificate.certificate).raw, both.authorities),
    ).toBeDefined();
  });
});

const mine = { node: 'n', cluster: 'c' };

/** Of the certificate that the port shows to a new connection. */
async function serverSeen(): Promise<string> {
  const { connect } = await import('node:tls');
  const [host = '', port] = address.split(':');
  return await new Promise((resolve, reject) => {
    const socket = connect(
      { host, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}
