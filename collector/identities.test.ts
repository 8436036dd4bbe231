import { generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { certificateRequest } from '../agent/adapters/identity/certificate-request.ts';
import { anyIdentities, by } from '../test/fakes/identities.ts';
import { keyOfCsr, makeAgentCertificate } from './adapters/keys/agent-certificates.ts';
import { makeAuthority, makeServerCertificate, type Pair } from './adapters/keys/certificates.ts';
import type { IdentitiesOptions } from './identities.ts';
import type { EnrolmentRequest } from './ports/identities.ts';
import { IdentityError } from './ports/identities.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 5, 1);

let authority: Pair;
let other: Pair;
beforeAll(async () => {
  [authority, other] = [await makeAuthority(start), await makeAuthority(start)];
});

async function csr(namedCurve = 'P-256'): Promise<Uint8Array> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  const der = { pkcs8: { format: 'der', type: 'pkcs8' }, spki: { format: 'der', type: 'spki' } } as const;
  return await certificateRequest(privateKey.export(der.pkcs8), publicKey.export(der.spki));
}

/** The service with a clock of the test's own. */
async function service(over: Partial<IdentitiesOptions> = {}) {
  const clock = { now: start };
  const parts = await anyIdentities(authority, { now: () => clock.now, ...over });
  return { clock, ...parts };
}

type Service = Awaited<ReturnType<typeof service>>;

async function request(s: Service, over: Partial<EnrolmentRequest> = {}): Promise<EnrolmentRequest> {
  return { csr: await csr(), method: 'join-token', token: s.joinToken, cluster: 'c', node: 'n', ...over };
}

/** DER of what was given. */
async function enrolled(s: Service, over: Partial<EnrolmentRequest> = {}): Promise<Uint8Array> {
  const answer = await s.identities.enrol(await request(s, over), 'peer');
  if ('refused' in answer) throw new Error(`${answer.refused}: ${answer.sentence}`);
  return new X509Certificate(answer.certificate).raw;
}

const hello = { agent: 'a1', node: 'n', cluster: 'c' };

/** A stream, and what it was told when it had to end. */
function stream() {
  const told: string[] = [];
  return { told, refuse: (code: string) => void told.push(code) };
}

/** A certificate of `by` that says what a test wants it to. */
async function forged(signer: Pair, spiffeId = 'spiffe://whorl/agent/c/n', node = 'n', now = start) {
  const spki = await keyOfCsr(await csr());
  if (typeof spki === 'string') throw new Error(spki);
  const subject = { spiffeId, node, now, lifetimeMs: day };
  return new X509Certificate(await makeAgentCertificate(signer, spki, subject)).raw;
}

describe('a certificate of an agent', () => {
  it('says which node of which cluster it is, for a client, for a day, and nothing that was asked for', async () => {
    const certificate = new X509Certificate(Buffer.from(await enrolled(await service())));
    expect(certificate.subjectAltName).toBe('URI:spiffe://whorl/agent/c/n, DNS:n');
    expect(certificate.subject).toBe('CN=n');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.validFromDate.getTime()).toBe(start - 5 * 60_000);
    expect(certificate.validToDate.getTime()).toBe(start + day);
  });

  it('lets in who shows it as itself', async () => {
    const s = await service();
    expect(await s.identities.admit(hello, await enrolled(s), stream())).toBeUndefined();
  });

  it.each<[string, (s: Service) => Promise<Uint8Array | undefined>, string]>([
    ['is missing', async () => undefined, 'no-certificate'],
    ['is no certificate', async () => Buffer.from('garbage'), 'certificate-unknown'],
    ['is signed by another authority', () => forged(other), 'certificate-unknown'],
    [
      'is the authority itself',
      async () => new X509Certificate(authority.certificate).raw,
      'certificate-unknown',
    ],
    [
      'is a server certificate of ours',
      async () => new X509Certificate((await makeServerCertificate(authority, ['n'], start)).certificate).raw,
      'certificate-unknown',
    ],
    ['is of another trust domain', () => forged(authority, 'spiffe://else/agent/c/n'), 'certificate-unknown'],
    ['names no agent', () => forged(authority, 'spiffe://whorl/person/c/n'), 'certificate-unknown'],
    ['has a path too long', () => forged(authority, 'spiffe://whorl/agent/c/n/x'), 'certificate-unknown'],
    ['has run out', () => forged(authority, undefined, 'n', start - day), 'certificate-expired'],
    ['begins tomorrow', () => forged(authority, undefined, 'n', start + day), 'certificate-early'],
    ['is of another node', (s) => enrolled(s, { node: 'm' }), 'node-mismatch'],
    ['is of another cluster', (s) => enrolled(s, { cluster: 'd' }), 'cluster-mismatch'],
  ])('keeps out who shows one that %s', async (_name, make, code) => {
    const s = await service();
    expect(await s.identities.admit(hello, await make(s), stream())).toMatchObject({ refused: code });
  });

  it('keeps out who was self-signed under the name of our authority', async () => {
    const impostor = await makeAuthority(start);
    const s = await service();
    // Issuer and subject read alike; only the signature tells them apart.
    expect(new X509Certificate(impostor.certificate).subject).toBe(
      new X509Certificate(authority.certificate).subject,
    );
    expect(await s.identities.admit(hello, await forged(impostor), stream())).toMatchObject({
      refused: 'certificate-unknown',
    });
  });

  it('speaks for no spool that another node was heard of with', async () => {
    const s = await service();
    s.store.owners.set('a1', { cluster: 'c', node: 'victim' });
    expect(await s.identities.admit(hello, await enrolled(s), stream())).toMatchObject({
      refused: 'agent-elsewhere',
    });
  });

  it('ends its stream when it ends, and not before', async () => {
    const s = await service();
    const open = stream();
    await s.identities.admit(hello, await enrolled(s), open);
    s.clock.now = start + day - 1;
    s.identities.look();
    expect(open.told).toEqual([]);
    s.clock.now = start + day;
    s.identities.look();
    expect(open.told).toEqual(['certificate-expired']);
  });
});

describe('a request for a certificate', () => {
  const tampered = async (): Promise<Uint8Array> => {
    const der = Uint8Array.from(await csr());
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    return der;
  };
  const rsa = async (): Promise<Uint8Array> => {
    const x509 = await import('@peculiar/x509');
    const signingAlgorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent: new Uint8Array([1, 0, 1]),
      modulusLength: 2048,
    };
    const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
    const made = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=x',
      keys,
      signingAlgorithm,
    });
    return new Uint8Array(made.rawData);
  };

  it.each<[string, () => Promise<Uint8Array>]>([
    ['is no request', async () => Buffer.from('garbage')],
    ['is not signed with its own key', tampered],
    ['is for an RSA key', rsa],
  ])('is refused when it %s', async (_name, make) => {
    const s = await service();
    expect(await s.identities.enrol(await request(s, { csr: await make() }), 'peer')).toMatchObject({
      refused: 'bad-csr',
    });
    // The token was not used up by it.
    expect(await s.identities.enrol(await request(s), 'peer')).toHaveProperty('certificate');
  });

  it('may be for an Ed25519 key, and gets nothing it asks besides: no authority, no name, no other use', async () => {
    const x509 = await import('@peculiar/x509');
    const keys = await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
    const greedy = await x509.Pkcs10CertificateRequestGenerator.create({
      name: 'CN=victim,O=whorl',
      keys: keys as webcrypto.CryptoKeyPair,
      signingAlgorithm: { name: 'Ed25519' },
      extensions: [
        new x509.BasicConstraintsExtension(true, 3, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://whorl/agent/c/victim' }]),
      ],
    });
    const s = await service();
    const given = new X509Certificate(
      Buffer.from(await enrolled(s, { csr: new Uint8Array(greedy.rawData) })),
    );
    expect([given.ca, given.subject, given.subjectAltName, given.keyUsage]).toEqual([
      false,
      'CN=n',
      'URI:spiffe://whorl/agent/c/n, DNS:n',
      ['1.3.6.1.5.5.7.3.2'],
    ]);
  });

  it.each(['', '..', 'a/b', 'a b', 'é', 'n,DNS:m', 'x'.repeat(254)])(
    'is refused for a node called %j',
    async (node) => {
      const s = await service();
      expect(await s.identities.enrol(await request(s, { node }), 'peer')).toMatchObject({
        refused: 'bad-name',
      });
    },
  );

  it('holds the whole of a long name beside the first 64 characters of it', async () => {
    const node = `${'long.'.repeat(50)}n`;
    const given = new X509Certificate(Buffer.from(await enrolled(await service(), { node })));
    expect([given.subject, given.subjectAltName?.endsWith(`DNS:${node}`)]).toEqual([
      `CN=${node.slice(0, 64)}`,
      true,
    ]);
  });

  it('is not looked at after too many wrong ones of one peer, and others are served', async () => {
    const s = await service();
    const wrong = { token: `whorl-join.${'0'.repeat(16)}.${'a'.repeat(43)}.${'0'.repeat(32)}` };
    for (let n = 0; n < 30; n++)
      expect(await s.identities.enrol(await request(s, wrong), 'evil')).toMatchObject({
        refused: 'token-unknown',
      });
    expect(await s.identities.enrol(await request(s, wrong), 'evil')).toMatchObject({
      refused: 'too-many-attempts',
    });
    expect(await s.identities.enrol(await request(s), 'honest')).toHaveProperty('certificate');
    s.clock.now += 10 * 60_000;
    expect(await s.identities.enrol(await request(s, wrong), 'evil')).toMatchObject({
      refused: 'token-unknown',
    });
  });
});

describe('a whole fleet behind one address', () => {
  it('that finds the database away is let in once it is back, without a wait', async () => {
    const s = await service();
    const saveIssued = s.store.saveIssued.bind(s.store);
    s.store.saveIssued = () => Promise.reject(new Error('locked'));
    const asked = await request(s);
    for (let n = 0; n < 40; n++)
      expect(await s.identities.enrol(asked, 'nat')).toMatchObject({ refused: 'unavailable' });
    s.store.saveIssued = saveIssued;
    // With another key it is another machine: the token was used up by the first that asked.
    const { token } = await s.identities.makeJoinToken({ node: 'n' }, by);
    expect(await s.identities.enrol(await request(s, { token }), 'nat')).toHaveProperty('certificate');
  });
});

describe('renewal', () => {
  it.each<[number, string | undefined]>([
    [0.5, undefined],
    [1 + 29, undefined],
    [1 + 31, 'certificate-expired'],
    [-1, 'certificate-early'],
  ])('%d days after it was given answers %s', async (days, code) => {
    const s = await service();
    const certificate = await enrolled(s);
    s.clock.now = start + days * day;
    const answer = await s.identities.renew(await csr(), certificate);
    expect('refused' in answer ? answer.refused : undefined).toBe(code);
  });

  it('keeps who it is, whatever the request says', async () => {
    const s = await service();
    const answer = await s.identities.renew(await csr(), await enrolled(s));
    if ('refused' in answer) throw new Error(answer.sentence);
    expect(new X509Certificate(answer.certificate).subjectAltName).toBe(
      'URI:spiffe://whorl/agent/c/n, DNS:n',
    );
    expect(answer.notAfter).toBe(start + day);
  });

  it('is not for certificates of others, nor for none', async () => {
    const s = await service();
    for (const shown of [undefined, await forged(other)])
      expect(await s.identities.renew(await csr(), shown)).toHaveProperty('refused');
  });

  it('a certificate that ran out is good for this alone', async () => {
    const s = await service();
    const certificate = await enrolled(s);
    s.clock.now = start + day;
    expect(await s.identities.admit(hello, certificate, stream())).toMatchObject({
      refused: 'certificate-expired',
    });
  });
});

describe('an agent that a person shut out', () => {
  it('goes at once, and neither connects, renews nor enrols until a person lets it in again', async () => {
    const s = await service();
    const certificate = await enrolled(s);
    const [own, neighbour] = [stream(), stream()];
    await s.identities.admit(hello, certificate, own);
    const { token } = await s.identities.makeJoinToken({ node: 'm' }, by);
    await s.identities.admit(
      { ...hello, agent: 'a2', node: 'm' },
      await enrolled(s, { token, node: 'm' }),
      neighbour,
    );

    await s.identities.revoke({ cluster: 'c', agent: 'n' }, by);
    expect([own.told, neighbour.told]).toEqual([['revoked'], []]);
    const { token: fresh } = await s.identities.makeJoinToken({ node: 'n' }, by);
    const tries = async () => [
      await s.identities.admit(hello, certificate, stream()),
      await s.identities.renew(await csr(), certificate),
      await s.identities.enrol(await request(s, { token: fresh }), 'peer'),
    ];
    for (const answer of await tries()) expect(answer).toMatchObject({ refused: 'revoked' });
    expect((await s.identities.agents())[1]).toMatchObject({ revoked: by, connected: false });

    await s.identities.letIn({ cluster: 'c', agent: 'n' }, by);
    // Nor was the token used up meanwhile.
    for (const answer of await tries()) expect(answer ?? {}).not.toHaveProperty('refused');
  });

  it('is shut out by its name, also when it comes again with another UID', async () => {
    const s = await service();
    await s.identities.revoke({ cluster: 'c', agent: 'n' }, by);
    const reborn = await forged(authority, 'spiffe://whorl/agent/c/5d1a8a7c-0000-4000-8000-000000000000');
    expect(await s.identities.admit(hello, reborn, stream())).toMatchObject({ refused: 'revoked' });
  });
});

describe('what people may ask', () => {
  it.each<[string, (s: Service) => Promise<unknown>, string]>([
    ['no reason', (s) => s.identities.makeJoinToken({}, { ...by, reason: ' ' }), 'bad-reason'],
    ['a token for a year', (s) => s.identities.makeJoinToken({ lifetimeMs: 365 * day }, by), 'bad-time'],
    ['a token for no name', (s) => s.identities.makeJoinToken({ node: 'a/b' }, by), 'bad-name'],
    ['to let in who is not out', (s) => s.identities.letIn({ cluster: 'c', agent: 'n' }, by), 'not-revoked'],
    ['to remove a cluster that is not there', (s) => s.identities.removeCluster('x', by), 'cluster-unknown'],
  ])('is not %s', async (_name, ask, code) => {
    const refused = await ask(await service()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(IdentityError);
    expect(refused).toMatchObject({ code });
  });

  it('is on record with who and why', async () => {
    const entries: unknown[] = [];
    const s = await service({ audit: { record: async (entry) => entries.push(entry) } });
    await enrolled(s);
    await s.identities.revoke({ cluster: 'c', agent: 'n' }, by);
    await s.identities.letIn({ cluster: 'c', agent: 'n' }, by);
    expect(entries).toMatchObject([
      { type: 'join-token-made', ...by },
      { type: 'agent-enrolled', author: 'agent:c/n' },
      { type: 'agent-revoked', ...by, about: 'c/n' },
      { type: 'agent-restored', ...by, about: 'c/n' },
    ]);
    // No secret of the token.
    expect(JSON.stringify(entries)).not.toContain(s.joinToken.split('.')[2]);
  });
});
