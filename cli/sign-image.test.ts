import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../registry/artefact.ts';
import { ociIndex, ociManifest } from '../registry/media-types.ts';
import { parseReference } from '../registry/reference.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { closed, type FakeRegistry, fakeRegistry, listening } from '../test/fakes/registry.ts';
import { baseline } from '../test/fakes/trust.ts';
import { pushedImage } from './sign-image.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function registry(): Promise<FakeRegistry> {
  const fake = await fakeRegistry();
  closers.push(() => fake.close());
  return fake;
}

const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const platformOf = (architecture: string) => ({ platform: { os: 'linux', architecture } });

function put(fake: FakeRegistry, type: string, manifest: object, name?: string) {
  const bytes = json({ schemaVersion: 2, mediaType: type, ...manifest });
  for (const target of [digestOf(bytes), ...(name === undefined ? [] : [name])])
    fake.manifests.set(`shop/cart ${target}`, { type, bytes });
  return { mediaType: type, digest: digestOf(bytes), size: bytes.length };
}

function image(fake: FakeRegistry, word: string) {
  const config = json({ os: 'linux', architecture: word });
  fake.blobs.set(digestOf(config), config);
  const about = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: 1 };
  return put(fake, ociManifest, { config: about, layers: [] });
}

async function signedFor(fake: FakeRegistry, learned: string, env: Record<string, string> = {}) {
  const io = fakeIo({}, { env });
  const asked = { reference: parseReference(`${fake.host}/shop/cart:1.4`), options: {} };
  const subject = { ...baseline.subject, digest: learned };
  const { subjects } = await pushedImage(io, { ...baseline, subject }, asked);
  return { digests: subjects.map((s) => s.digest), told: io.stderr.join('\n') };
}

describe('signing for what a tag holds', () => {
  it('names the index, when each of its images is for a platform of its own', async () => {
    const fake = await registry();
    const [ours, arm] = [image(fake, 'amd64'), image(fake, 'arm64')];
    const manifests = [
      { ...ours, ...platformOf('amd64') },
      { ...arm, ...platformOf('arm64') },
    ];
    const index = put(fake, ociIndex, { manifests }, '1.4');
    const { digests } = await signedFor(fake, ours.digest);
    expect(digests).toContain(index.digest);
    expect(digests).toContain(ours.digest);
    expect(digests).not.toContain(arm.digest);
  });

  it('does not, when the registry put another image for the same platform into it', async () => {
    const fake = await registry();
    const [ours, evil] = [image(fake, 'amd64'), image(fake, 'evil')];
    const manifests = [evil, ours].map((m) => ({ ...m, ...platformOf('amd64') }));
    const index = put(fake, ociIndex, { manifests }, '1.4');
    const { digests, told } = await signedFor(fake, ours.digest);
    expect(digests).not.toContain(index.digest);
    expect(digests).not.toContain(evil.digest);
    expect(told).toContain(`not signing for the index ${index.digest}: it holds ${evil.digest}`);
  });

  it.each([
    [
      'an index within the index',
      (fake: FakeRegistry) => put(fake, ociIndex, { manifests: [image(fake, 'evil')] }),
    ],
    [
      'a manifest that it does not show',
      () => ({ mediaType: ociManifest, digest: digestOf(json({})), size: 2, ...platformOf('amd64') }),
    ],
  ])('refuses %s', async (_name, hidden) => {
    const fake = await registry();
    const ours = image(fake, 'amd64');
    put(fake, ociIndex, { manifests: [hidden(fake), { ...ours, ...platformOf('amd64') }] }, '1.4');
    await expect(signedFor(fake, ours.digest)).rejects.toThrow(/names 1 image that cannot be looked at/);
  });

  it('asks the registry itself, whatever mirrors say', async () => {
    const fake = await registry();
    const ours = image(fake, 'amd64');
    fake.manifests.set(
      'shop/cart 1.4',
      fake.manifests.get(`shop/cart ${ours.digest}`) ?? { type: '', bytes: json({}) },
    );
    const asked: string[] = [];
    const mirror = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(404).end();
    });
    const at = await listening(mirror);
    closers.push(() => closed(mirror));
    const { digests } = await signedFor(fake, ours.digest, { WHORL_MIRRORS: `${fake.host}=${at}/hub` });
    expect(digests).toContain(ours.digest);
    expect(asked).toEqual([]);
  });
});
