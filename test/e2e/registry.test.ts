import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpushedDigest } from '../../fingerprint/image-ref.ts';
import { privatePem, publicPem } from '../../fingerprint/keys.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { signApproval } from '../../fingerprint/sign-approval.ts';
import { signOverlay } from '../../fingerprint/sign-overlay.ts';
import { trustPolicyDocument } from '../../fingerprint/trust-policy-writer.ts';
import { ociIndex } from '../../registry/media-types.ts';
import { closed, listening } from '../fakes/registry.ts';
import { baseline, testKey, vendor } from '../fakes/trust.ts';
import {
  dockerRegistry,
  handsOn,
  type PushedImage,
  pushImage,
  type RealRegistry,
  whorl,
} from './support/docker-registry.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-registry-e2e-'));
const at = (name: string): string => join(directory, name);
const given = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content, { mode: 0o600 });
  return at(name);
};

let registry: RealRegistry;
let name: string;
let image: PushedImage;
let hands: ReturnType<typeof handsOn>;

beforeAll(async () => {
  registry = await dockerRegistry();
  name = `${registry.host}/shop/cart`;
  hands = handsOn(registry.host, 'shop/cart');
  image = await pushImage(hands.repository, '1.4');
  given('vendor.key', privatePem(vendor));
  given('vendor.pub', publicPem(vendor.publicKey));
  const policy = newTrustPolicy({
    signer: vendor.publicKey,
    owner: 'Shop Inc',
    image: '**',
    maxMode: 'alert',
    issuedAt: '2026-05-01T00:00:00Z',
  });
  given('policy.json', JSON.stringify(trustPolicyDocument(policy)));
  const unpushed = { ...baseline, subject: { name, digest: unpushedDigest } };
  given('cart.json', JSON.stringify(unpushed));
});
afterAll(async () => {
  await hands.close();
  await registry.stop();
  rmSync(directory, { recursive: true });
});

describe('a vendor, and whoever runs the image', () => {
  it('sign --image fills in index, manifests and configurations after the push', async () => {
    const args = [
      'sign',
      at('cart.json'),
      '--key',
      at('vendor.key'),
      '--image',
      `${name}:1.4`,
      '--out',
      at('cart.intoto.json'),
    ];
    const ran = await whorl(args, { SOURCE_DATE_EPOCH: '1777712400' });
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/on linux\/amd64, linux\/arm64/) });
    const first = readFileSync(at('cart.intoto.json'));
    await whorl(args, { SOURCE_DATE_EPOCH: '1777712400' });
    expect(readFileSync(at('cart.intoto.json'))).toEqual(first);
    for (const digest of [image.index, ...image.manifests, ...image.configs]) {
      const verified = await whorl([
        'verify',
        at('cart.intoto.json'),
        '--trust',
        at('policy.json'),
        '--image',
        `${name}@${digest}`,
      ]);
      expect([digest, verified.code]).toEqual([digest, 0]);
    }
    const other = await whorl([
      'verify',
      at('cart.intoto.json'),
      '--trust',
      at('policy.json'),
      '--image',
      `${name}@sha256:${'1'.repeat(64)}`,
    ]);
    expect([other.code, other.stderr]).toEqual([3, expect.stringMatching(/DIGEST_MISMATCH/)]);
  });

  it('sign --image signs for the one platform it was learned on', async () => {
    const learned = { ...baseline, subject: { name, digest: image.configs[1] ?? '' } };
    const path = given('arm.json', JSON.stringify(learned));
    const out = ['--out', at('arm.intoto.json')];
    const ran = await whorl(['sign', path, '--key', at('vendor.key'), '--image', `${name}:1.4`, ...out]);
    expect(ran.stderr).toMatch(/on linux\/arm64$/m);
    const { payload } = JSON.parse(readFileSync(at('arm.intoto.json'), 'utf8'));
    const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
    expect(statement.predicate.platform).toEqual({ os: 'linux', architecture: 'arm64' });
    const digests = statement.subject.map((s: { digest: { sha256: string } }) => `sha256:${s.digest.sha256}`);
    expect(digests).toEqual([image.index, image.manifests[1], image.configs[1]]);
  });

  it('sign --image refuses an image that it was not learned from', async () => {
    const learned = { ...baseline, subject: { name, digest: `sha256:${'2'.repeat(64)}` } };
    const path = given('other.json', JSON.stringify(learned));
    const ran = await whorl([
      'sign',
      path,
      '--key',
      at('vendor.key'),
      '--image',
      `${name}:1.4`,
      '--out',
      at('x.json'),
    ]);
    expect([ran.code, ran.stderr]).toEqual([
      2,
      expect.stringMatching(/was learned from sha256:2.*DIGEST_MISMATCH/),
    ]);
  });

  it('attach publishes beside index and manifests, once', async () => {
    const ran = await whorl(['attach', at('cart.intoto.json'), '--json']);
    const { attached } = JSON.parse(ran.stdout);
    expect(attached).toMatchObject(
      [image.index, ...image.manifests].map((subject) => ({
        subject,
        through: 'fallback-tag',
        isRepeated: false,
      })),
    );
    const again = await whorl(['attach', at('cart.intoto.json'), `${name}:1.4`, '--json']);
    expect(JSON.parse(again.stdout).attached.map((a: { isRepeated: boolean }) => a.isRepeated)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('list shows it once and believes nothing', async () => {
    const ran = await whorl(['list', `${name}:1.4`, '--json']);
    expect(
      ran.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      {
        kind: 'base',
        stream: name,
        version: 1,
        signers: [vendor.publicKey.keyId],
        verified: false,
        beside: [image.index, ...image.manifests],
      },
    ]);
  });

  it('pull fetches what verifies for this very image, and says so', async () => {
    const ran = await whorl([
      'pull',
      `${name}:1.4`,
      '--trust',
      at('policy.json'),
      '--out',
      at('pulled.json'),
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/verified for this image/) });
    expect(ran.stderr).toContain(`${name}:1.4 is ${name}@${image.index}`);
    const verified = await whorl([
      'verify',
      at('pulled.json'),
      '--trust',
      at('policy.json'),
      '--image',
      `${name}@${image.index}`,
    ]);
    expect(verified.code).toBe(0);
    const unchecked = await whorl(['pull', `${name}:1.4`, '--out', at('unchecked.json')]);
    expect(unchecked).toMatchObject({ code: 0, stderr: expect.stringMatching(/NOBODY CHECKED THIS/) });
  });

  it('pull refuses what this site does not trust, with the code of the refusal', async () => {
    given('stranger.pub', publicPem(testKey(2).publicKey));
    const ran = await whorl(['pull', `${name}:1.4`, '--key', at('stranger.pub'), '--out', at('never.json')]);
    expect([ran.code, ran.stderr]).toEqual([
      3,
      expect.stringMatching(/passed over version 1.*BAD_SIGNATURE/),
    ]);
    expect(readdirSync(directory)).not.toContain('never.json');
  });

  it('pull takes the newest that verifies, whatever somebody claims is newer', async () => {
    const forged = signFingerprint(
      { ...baseline, subject: { name, digest: image.index } },
      { stream: name, version: 99, issuedAt: '2026-05-02T09:00:00Z' },
      testKey(9),
    );
    await whorl(['attach', given('forged.json', forged.envelope)]);
    const ran = await whorl([
      'pull',
      `${name}:1.4`,
      '--trust',
      at('policy.json'),
      '--out',
      at('pulled.json'),
      '--json',
    ]);
    expect(ran.stderr).toMatch(/passed over version 99/);
    expect(JSON.parse(ran.stdout)).toMatchObject({ version: 1, verified: true });
    const unchecked = await whorl(['pull', `${name}:1.4`, '--out', at('unchecked.json'), '--json']);
    expect(JSON.parse(unchecked.stdout)).toMatchObject({ version: 99, verified: false });
  });

  it('diff, lint and inspect take the image in place of a file', async () => {
    const differs = await whorl(['diff', at('pulled.json'), `${name}:1.4`]);
    expect([differs.code, differs.stderr]).toEqual([0, expect.stringMatching(/which nobody verified/)]);
    expect((await whorl(['lint', `${name}@${image.index}`])).stdout).toMatch(/permissiveness/);
    expect((await whorl(['inspect', `${name}:1.4`])).stdout).toMatch(/is a Sigstore bundle/);
  });

  it('nothing attached is told, and is no revocation', async () => {
    await pushImage(hands.repository, 'bare', 'bare');
    const ran = await whorl(['pull', `${name}:bare`, '--out', at('never.json')]);
    expect([ran.code, ran.stderr]).toEqual([
      5,
      expect.stringMatching(/no such fingerprint.*NOTHING_ATTACHED.*revokes nothing/),
    ]);
  });

  it('a tag that moves is caught by the digest: what was signed for one image is not taken for another', async () => {
    const evil = await pushImage(hands.repository, 'moving', 'evil');
    const list = await hands.repository.manifest(image.index.replace(':', '-'));
    for (const digest of [evil.index, ...evil.manifests])
      await hands.repository.pushManifest(list?.bytes ?? new Uint8Array(), ociIndex, {
        tag: digest.replace(':', '-'),
      });
    const listed = await whorl(['list', `${name}:moving`]);
    expect(listed.stdout).toMatch(/version 1/);
    const ran = await whorl([
      'pull',
      `${name}:moving`,
      '--trust',
      at('policy.json'),
      '--out',
      at('never.json'),
    ]);
    expect([ran.code, ran.stderr]).toEqual([3, expect.stringMatching(/DIGEST_MISMATCH/)]);
    const attached = await whorl(['attach', at('cart.intoto.json'), `${name}:moving`]);
    expect([attached.code, attached.stderr]).toEqual([2, expect.stringMatching(/DIGEST_MISMATCH/)]);
  });

  it('attach takes overlays and approvals too, and pull --all fetches everything', async () => {
    const subject = { name, digest: image.index };
    const stands = { version: 1, issuedAt: '2026-05-02T09:00:00Z' };
    const base = `sha256:${'c'.repeat(64)}`;
    const overlay = signOverlay(
      { subject, base, bindings: { sites: new Map(), volumes: new Map([['data', ['/srv/data']]]) } },
      { stream: 'site', ...stands },
      vendor,
    );
    const item = { image: subject, fingerprint: base, mode: 'freeze', carry: 'repository' } as const;
    const approval = signApproval(
      { items: [item], reason: 'looked at' },
      { stream: 'approvals', ...stands },
      vendor,
    );
    expect((await whorl(['attach', given('overlay.json', overlay.envelope)])).code).toBe(0);
    expect((await whorl(['attach', given('approval.json', approval.envelope)])).code).toBe(0);
    const listed = await whorl(['list', `${name}@${image.index}`]);
    expect(listed.stdout).toMatch(/^overlay {2}version 1 of site .*^approval {2}version 1 of approvals /ms);
    const ran = await whorl(['pull', `${name}:1.4`, '--all', '--out-dir', at('all')]);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringMatching(/none of it verified/)]);
    expect(readdirSync(at('all')).map((file) => file.split('-')[0])).toEqual([
      'approval',
      'fingerprint',
      'fingerprint',
      'overlay',
    ]);
  });

  it('attach refuses a secret that somebody allowed in the signature', async () => {
    const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    const programs = baseline.behaviour.programs.map((p) => ({ ...p, args: [['cart', token]] }));
    const leaky = given(
      'leaky.json',
      JSON.stringify({ ...baseline, subject: { name, digest: image.index }, behaviour: { programs } }),
    );
    const refused = await whorl(['sign', leaky, '--key', at('vendor.key'), '--out', at('leaky.intoto.json')]);
    const id = /found: ([^;,)]+)/.exec(refused.stderr)?.[1] ?? '';
    await whorl([
      'sign',
      leaky,
      '--key',
      at('vendor.key'),
      '--out',
      at('leaky.intoto.json'),
      '--allow-secret',
      id,
    ]);
    const ran = await whorl(['attach', at('leaky.intoto.json')]);
    expect([ran.code, ran.stderr]).toEqual([3, expect.stringMatching(/SECRET_FOUND/)]);
    expect(ran.stderr).not.toContain(token);
    expect((await whorl(['attach', at('leaky.intoto.json'), '--allow-secret', id, '--dry-run'])).code).toBe(
      0,
    );
  });
});

describe('8 concurrent attachers', () => {
  it.each([1, 2, 3])('are all listed, run %i', async (run) => {
    const { index } = await pushImage(hands.repository, `many-${run}`, `many-${run}`);
    const files = Array.from({ length: 8 }, (_, i) => {
      const subject = { name, digest: index };
      const options = { stream: `many-${i}`, version: 1, issuedAt: '2026-05-02T09:00:00Z' };
      return given(
        `many-${run}-${i}.json`,
        signFingerprint({ ...baseline, subject }, options, testKey(i + 1)).envelope,
      );
    });
    const began = performance.now();
    const ran = await Promise.all(files.map((file) => whorl(['attach', file, '--json'])));
    const took = Math.round(performance.now() - began);
    expect(ran.map((r) => [r.code, r.stderr])).toEqual(ran.map((r) => [0, r.stderr]));
    const listed = await whorl(['list', `${name}@${index}`, '--json']);
    const streams = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).stream);
    expect(streams.toSorted()).toEqual(files.map((_, i) => `many-${i}`));
    const writes = ran.map((r) => JSON.parse(r.stdout).attached[0].writes);
    console.log(`8 attachers listed after ${took} ms, writes of the list: ${writes.join(' ')}`);
  });
});

describe('over an air gap', () => {
  let mirror: RealRegistry;
  beforeAll(async () => {
    mirror = await dockerRegistry();
  });
  afterAll(() => mirror.stop());

  it('save and load carry it to a registry that knows nothing of the first', async () => {
    const tar = at('bundle.tar');
    expect((await whorl(['save', `${name}:1.4`, '--out', tar])).code).toBe(0);
    const bytes = readFileSync(tar);
    await whorl(['save', `${name}@${image.index}`, '--out', tar]);
    expect(readFileSync(tar)).toEqual(bytes);
    const loaded = await whorl(['load', tar, '--registry', `${mirror.host}/hub`]);
    expect(loaded.code).toBe(0);
    const there = `${mirror.host}/hub/shop/cart`;
    const own = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'Shop Inc',
      image: '**',
      maxMode: 'alert',
      issuedAt: '2026-05-01T00:00:00Z',
    });
    const document = JSON.parse(JSON.stringify(trustPolicyDocument(own)));
    const [rule] = document.rules;
    const policy = given(
      'mirror-policy.json',
      JSON.stringify({ ...document, rules: [{ ...rule, mirrors: { [there]: name } }] }),
    );
    const ran = await whorl([
      'pull',
      `${there}@${image.index}`,
      '--trust',
      policy,
      '--out',
      at('carried.json'),
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/verified for this image/) });
    expect(readFileSync(at('carried.json'))).toEqual(readFileSync(at('pulled.json')));
  });

  it('--mirror reads from there first, and from the registry what is not there', async () => {
    const mirrored = ['--mirror', `${registry.host}=${mirror.host}/hub`];
    const ran = await whorl([
      'pull',
      `${name}:1.4`,
      ...mirrored,
      '--trust',
      at('policy.json'),
      '--out',
      at('m.json'),
    ]);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/verified for this image/) });
  });

  it('load writes plain files, and skopeo reads the same tar', async () => {
    const ran = await whorl(['load', at('bundle.tar'), '--out-dir', at('files'), '--json']);
    const files = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(files).toContainEqual(expect.objectContaining({ kind: 'base' }));
    const index = JSON.parse(
      execFileSync('tar', ['xOf', at('bundle.tar'), 'index.json'], { encoding: 'utf8' }),
    );
    for (const { annotations, digest } of index.manifests) {
      const reference = annotations['org.opencontainers.image.ref.name'];
      const raw = execFileSync(
        'skopeo',
        ['inspect', '--raw', `oci-archive:${at('bundle.tar')}:${reference}`],
        { encoding: 'utf8' },
      );
      expect([digest, JSON.parse(raw).subject.digest]).toEqual([digest, expect.stringMatching(/^sha256:/)]);
    }
  });

  it('a tar that somebody changed is refused', async () => {
    const bytes = readFileSync(at('bundle.tar'));
    const at5 = bytes.indexOf('"payload"');
    bytes[at5 + 20] = (bytes[at5 + 20] ?? 0) ^ 1;
    const ran = await whorl(['load', given('changed.tar', bytes), '--out-dir', at('never')]);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/LAYOUT_DIGEST/)]);
  });
});

describe('a registry with a login and a certificate of its own', () => {
  it('is reached with docker’s configuration and --ca-file, and with neither in words', async () => {
    // `me` with the password `hunter2`, as bcrypt of the least work: docker-registry takes nothing else.
    const htpasswd = given('htpasswd', 'me:$2b$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.\n');
    const request = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=whorl test',
    ];
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:registry.example'];
    execFileSync('openssl', [...request, ...names, '-keyout', at('tls.key'), '-out', at('tls.pem')], {
      stdio: 'ignore',
    });
    const secure = await dockerRegistry({
      auth: htpasswd,
      tls: `, tls: {certificate: ${at('tls.pem')}, key: ${at('tls.key')}}`,
    });
    const login = { auth: Buffer.from('me:hunter2').toString('base64') };
    const docker = { auths: { [secure.host]: login, 'registry.example': login } };
    given('config.json', JSON.stringify(docker));
    const env = { DOCKER_CONFIG: directory };
    const own = handsOn(secure.host, 'shop/cart', env, readFileSync(at('tls.pem'), 'utf8'));
    try {
      const { index } = await pushImage(own.repository, '1');
      const subject = { name: `${secure.host}/shop/cart`, digest: index };
      const signed = signFingerprint(
        { ...baseline, subject },
        { stream: 's', version: 1, issuedAt: '2026-05-02T09:00:00Z' },
        vendor,
      );
      const file = given('secure.json', signed.envelope);
      const ca = ['--ca-file', at('tls.pem')];
      expect((await whorl(['attach', file, ...ca], env)).code).toBe(0);
      expect((await whorl(['list', `${subject.name}:1`, ...ca], env)).stdout).toMatch(/version 1 of s/);
      const proxy = await connectProxy(secure.host);
      const far = { ...env, HTTPS_PROXY: `http://${proxy.at}` };
      const through = await whorl(['list', 'registry.example/shop/cart:1', ...ca], far);
      await proxy.close();
      expect([through.code, through.stdout]).toEqual([0, expect.stringMatching(/version 1 of s/)]);
      expect(new Set(proxy.asked)).toEqual(new Set(['registry.example:443']));
      const nobody = await whorl(['list', `${subject.name}:1`, ...ca], { DOCKER_CONFIG: at('none') });
      expect([nobody.code, nobody.stderr]).toEqual([
        5,
        expect.stringMatching(/asks for a login.*docker login/),
      ]);
      given(
        'other.pem',
        execFileSync('openssl', [...request, '-keyout', '/dev/null'], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
      );
      const stranger = await whorl(['list', `${subject.name}:1`, '--ca-file', at('other.pem')], env);
      expect([stranger.code, stranger.stderr]).toEqual([5, expect.stringMatching(/REGISTRY_TLS.*--ca-file/)]);
    } finally {
      await own.close();
      await secure.stop();
    }
  });
});

/** Carries whatever is asked for to the one registry of the test. */
async function connectProxy(
  host: string,
): Promise<{ at: string; asked: string[]; close: () => Promise<void> }> {
  const [name = '', port = ''] = host.split(':');
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const server = createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const target = connect(Number(port), name, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    for (const end of [socket, target]) sockets.add(end.on('error', () => undefined));
  });
  const at = await listening(server);
  return {
    at,
    asked,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}
