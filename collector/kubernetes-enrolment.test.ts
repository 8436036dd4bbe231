import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateRequest } from '../agent/adapters/identity/certificate-request.ts';
import { anyIdentities, by } from '../test/fakes/identities.ts';
import { serviceAccount, type User } from '../test/fakes/kube-api/access.ts';
import { FakeKubeApi } from '../test/fakes/kube-api/kube-api.ts';
import { makeAuthority } from './adapters/keys/certificates.ts';
import { tokenKeys } from './adapters/token-keys.ts';
import { tokenReview } from './adapters/token-review.ts';

/** One cluster whose API server is asked, and one whose issuer's keys were stored: they must answer alike. */
const issuer = 'https://kubernetes.default.svc.cluster.local';
const audience = 'whorl-collector';
const uid = '5d1a8a7c-0000-4000-8000-000000000001';

/** What a projected token says, in the words of a test. */
interface Said {
  readonly account?: string;
  readonly audience?: string;
  readonly node?: string | undefined;
  readonly pod?: string | undefined;
  readonly expiresInS?: number;
}

const api = new FakeKubeApi();
let signing: webcrypto.CryptoKeyPair;
let csr: Uint8Array;
let service: Awaited<ReturnType<typeof anyIdentities>>;

beforeAll(async () => {
  await api.start();
  const reviewer = serviceAccount('whorl-system', 'whorl-collector', [
    { group: 'authentication.k8s.io', resource: 'tokenreviews', verbs: ['create'] },
  ]);
  api.let(reviewer);
  signing = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  csr = await certificateRequest(
    privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  service = await anyIdentities(await makeAuthority(Date.now()), {
    provers: {
      keys: tokenKeys(Date.now),
      review: tokenReview({ server: api.address, tokenFile: api.tokenFile, caFile: api.caFile }),
    },
    ownCluster: { name: 'own', audience, accounts: ['whorl-system/whorl-agent'], proof: { by: 'review' } },
  });
  const jwks = JSON.stringify({
    keys: [{ ...(await exportJWK(signing.publicKey)), kid: 'k', alg: 'ES256' }],
  });
  const accounts = ['whorl-system/whorl-agent'];
  await service.identities.addCluster({ name: 'far', issuer, audience, accounts, jwks }, by);
});
afterAll(() => api.close());

const ways = ['own', 'far'] as const;

/** A token of the cluster: one it signed, or one its API server knows. */
async function tokenOf(
  cluster: (typeof ways)[number],
  said: Said,
  key = signing.privateKey,
): Promise<string> {
  const { account = 'whorl-system/whorl-agent', node = 'n1', pod = 'agent-x', expiresInS = 600 } = said;
  const [namespace = '', name = ''] = account.split('/');
  const isNode = 'node' in said ? said.node !== undefined : true;
  const isPod = 'pod' in said ? said.pod !== undefined : true;
  if (cluster === 'far')
    return await new SignJWT({
      'kubernetes.io': {
        namespace,
        serviceaccount: { name, uid: 'a' },
        ...(isPod ? { pod: { name: pod, uid: 'p' } } : {}),
        ...(isNode ? { node: { name: node, uid } } : {}),
      },
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setSubject(`system:serviceaccount:${namespace}:${name}`)
      .setAudience(said.audience ?? audience)
      .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
      .sign(key);
  const prefix = 'authentication.kubernetes.io';
  const user: User = {
    ...serviceAccount(namespace, name, []),
    audiences: [said.audience ?? audience],
    extra: {
      ...(isPod ? { [`${prefix}/pod-name`]: [pod], [`${prefix}/pod-uid`]: ['p'] } : {}),
      ...(isNode ? { [`${prefix}/node-name`]: [node], [`${prefix}/node-uid`]: [uid] } : {}),
    },
  };
  const token = `pod-token-${crypto.randomUUID()}`;
  api.users.set(token, user);
  return token;
}

const enrol = (cluster: string, token: string, node = 'n1') =>
  service.identities.enrol({ csr, method: 'kubernetes', token, cluster, node }, crypto.randomUUID());

describe.each(ways)('a pod of the cluster %s', (cluster) => {
  it('gets the certificate of the node it runs on, by its UID', async () => {
    expect(await enrol(cluster, await tokenOf(cluster, {}))).toHaveProperty('certificate');
    expect(service.store.certificates.at(-1)).toMatchObject({
      identity: { cluster, id: uid, node: 'n1' },
      how: 'kubernetes',
    });
  });

  it.each<[string, Said, string]>([
    ['runs on another node', { node: 'n2' }, 'pod-not-on-node'],
    ['does not say on which node it runs', { node: undefined }, 'pod-not-on-node'],
    ['is of another service account', { account: 'whorl-system/default' }, 'service-account'],
    ['is of the same account in another namespace', { account: 'default/whorl-agent' }, 'service-account'],
    ['has a token that is bound to no pod', { pod: undefined }, 'service-account'],
    ['has a token for somebody else', { audience: 'vault' }, 'token-audience'],
  ])('gets none when it %s', async (_name, said, code) => {
    expect(await enrol(cluster, await tokenOf(cluster, said))).toMatchObject({ refused: code });
  });

  it('gets none for a token that nobody signed', async () => {
    expect(await enrol(cluster, 'a.b.c')).toMatchObject({ refused: 'token-unknown' });
  });

  it('gets none for what another cluster gave it', async () => {
    const other = cluster === 'own' ? 'far' : 'own';
    expect(await enrol(cluster, await tokenOf(other, {}))).toMatchObject({ refused: 'token-unknown' });
  });

  it('gets none once its node is shut out', async () => {
    await service.identities.revoke({ cluster, agent: 'n9' }, by);
    expect(await enrol(cluster, await tokenOf(cluster, { node: 'n9' }), 'n9')).toMatchObject({
      refused: 'revoked',
    });
  });
});

describe('stored keys', () => {
  it('do not take a token that has expired', async () => {
    expect(await enrol('far', await tokenOf('far', { expiresInS: -60 }))).toMatchObject({
      refused: 'token-expired',
    });
  });

  it('do not take one that another key signed under the same name', async () => {
    const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    expect(await enrol('far', await tokenOf('far', {}, privateKey))).toMatchObject({
      refused: 'token-unknown',
    });
  });

  it.each([
    ['without a signature', 'none'],
    ['with the public key as a secret', 'HS256'],
  ])('do not take one %s', async (_name, alg) => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [, claims = ''] = (await tokenOf('far', {})).split('.');
    const head = part({ alg, kid: 'k' });
    expect(await enrol('far', `${head}.${claims}.AAAA`)).toMatchObject({ refused: 'token-unknown' });
  });

  it.each<[string, object]>([
    ['a secret key', { kty: 'oct', k: 'AAAA' }],
    ['a private key', { kty: 'RSA', n: 'x', e: 'AQAB', d: 'x' }],
    ['another curve', { kty: 'EC', crv: 'P-521' }],
  ])('are refused when they hold %s', async (_name, key) => {
    const settings = {
      name: 'x',
      issuer,
      audience,
      accounts: ['a/b'],
      jwks: JSON.stringify({ keys: [key] }),
    };
    await expect(service.identities.addCluster(settings, by)).rejects.toMatchObject({ code: 'bad-keys' });
  });
});

describe('a cluster', () => {
  it('that nobody added lets nobody in', async () => {
    expect(await enrol('unheard', await tokenOf('far', {}))).toMatchObject({ refused: 'cluster-unknown' });
  });

  it('whose API server may not be asked is named as the cause', async () => {
    api.users.clear();
    expect(await enrol('own', 'x')).toMatchObject({
      refused: 'unavailable',
      sentence: expect.stringMatching(/may not create tokenreviews/),
    });
  });
});
