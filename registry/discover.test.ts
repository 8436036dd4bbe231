import { afterEach, describe, expect, it } from 'vitest';
import { readClaims } from '../fingerprint/claims.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { type FakeRegistry, fakeRegistry, registrySettings } from '../test/fakes/registry.ts';
import { baseline, signOptions, vendor } from '../test/fakes/trust.ts';
import { artefactFor, digestOf } from './artefact.ts';
import { attach } from './attach.ts';
import { discover } from './discover.ts';
import { maxDescriptors } from './documents.ts';
import { bundleType, ociIndex, ociManifest } from './media-types.ts';
import { Registries } from './registries.ts';
import type { Repository } from './repository.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const subject = { mediaType: ociManifest, digest: baseline.subject.digest, size: 7 };
const tag = subject.digest.replace(':', '-');
const signed = signFingerprint(baseline, signOptions, vendor);
const good = artefactFor(readClaims(signed.envelope), signed.envelope, subject);
const json = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const hex = 'cd'.repeat(32);

interface World {
  readonly fake: FakeRegistry;
  readonly repository: Repository;
  /** Puts entries before the good one on the list that clients keep. */
  readonly poison: (entries: readonly object[]) => void;
}

async function world(settings = registrySettings()): Promise<World> {
  const fake = await fakeRegistry();
  const registries = new Registries(settings);
  closers.push(
    () => registries.close(),
    () => fake.close(),
  );
  const repository = registries.writer({ registry: fake.host, repository: 'shop/cart' });
  await attach(repository, good, subject.digest, settings);
  const poison = (entries: readonly object[]): void => {
    const bytes = json({ schemaVersion: 2, mediaType: ociIndex, manifests: [...entries, good.descriptor] });
    fake.manifests.set(`shop/cart ${tag}`, { type: ociIndex, bytes });
  };
  return { fake, repository, poison };
}

/** A manifest the registry holds, and its entry in a list. */
function put(fake: FakeRegistry, manifest: object): { mediaType: string; digest: string; size: number } {
  const bytes = json({ schemaVersion: 2, mediaType: ociManifest, ...manifest });
  fake.manifests.set(`shop/cart ${digestOf(bytes)}`, { type: ociManifest, bytes });
  return { mediaType: ociManifest, digest: digestOf(bytes), size: bytes.length };
}

const layerOf = (digest: string) => [{ mediaType: bundleType, digest, size: 1 }];

describe('what somebody else lists beside an image hides nothing', () => {
  it.each<[string, (fake: FakeRegistry) => object]>([
    [
      'a digest of another algorithm',
      () => ({ mediaType: ociManifest, digest: `sha512:${hex}${hex}`, size: 1 }),
    ],
    ['an entry without size', () => ({ mediaType: ociManifest, digest: `sha256:${hex}` })],
    ['a manifest that is not there', () => ({ mediaType: ociManifest, digest: `sha256:${hex}`, size: 1 })],
  ])('%s', async (_name, entry) => {
    const { fake, repository, poison } = await world();
    poison([entry(fake)]);
    expect(await discover(repository, [subject.digest])).toMatchObject({
      found: [{ claims: { digest: signed.digest } }],
      broken: [],
      isCut: false,
    });
  });

  it.each<[string, (fake: FakeRegistry) => object, RegExp]>([
    [
      'a layer that is not there',
      (fake) => put(fake, { layers: layerOf(`sha256:${hex}`), subject }),
      /has no blob/,
    ],
    ['a manifest of another form', (fake) => put(fake, { layers: 'x' }), /lacks its list/],
    [
      'a layer larger than any statement',
      (fake) => {
        const digest = digestOf(json({ a: 1 }));
        fake.blobs.set(digest, new Uint8Array(5 << 20));
        return put(fake, { layers: layerOf(digest), subject });
      },
      /more than the/,
    ],
    [
      'a layer of other bytes',
      (fake) => {
        fake.blobs.set(`sha256:${hex}`, json({}));
        return put(fake, { layers: layerOf(`sha256:${hex}`), subject });
      },
      /was meant/,
    ],
  ])('%s, and is told', async (_name, entry, told) => {
    const { fake, repository, poison } = await world();
    poison([entry(fake)]);
    const { found, broken } = await discover(repository, [subject.digest]);
    expect(found).toMatchObject([{ claims: { digest: signed.digest } }]);
    expect(broken).toEqual([expect.stringMatching(told)]);
  });

  it('is said to be more than is looked at, by number and by size', async () => {
    const { fake, repository, poison } = await world();
    poison(
      Array.from({ length: 300 }, (_, n) => ({
        ...good.descriptor,
        digest: `sha256:${hex.slice(4)}${1000 + n}`,
      })),
    );
    expect(await discover(repository, [subject.digest])).toMatchObject({ found: [], isCut: true });
    const bulky = Array.from({ length: 20 }, (_, n) => {
      const bytes = new Uint8Array(4 << 20).fill(n);
      fake.blobs.set(digestOf(bytes), bytes);
      return put(fake, { layers: layerOf(digestOf(bytes)), subject });
    });
    poison(bulky);
    const { found, isCut } = await discover(repository, [subject.digest]);
    expect([found.length, isCut]).toEqual([16, true]);
  });

  it('and a full list is not written so that nobody can read it', async () => {
    const settings = registrySettings();
    const { fake, repository } = await world(settings);
    const entries = Array.from({ length: maxDescriptors }, () => ({
      ...good.descriptor,
      digest: `sha256:${hex}`,
    }));
    const bytes = json({ schemaVersion: 2, mediaType: ociIndex, manifests: entries });
    fake.manifests.set(`shop/cart ${tag}`, { type: ociIndex, bytes });
    await expect(attach(repository, good, subject.digest, settings)).rejects.toThrow(/is full: 1024 entries/);
  });
});
