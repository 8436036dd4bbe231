import { afterEach, describe, expect, it } from 'vitest';
import { readClaims } from '../fingerprint/claims.ts';
import { countersign } from '../fingerprint/countersign.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import {
  type FakeOptions,
  type FakeRegistry,
  fakeRegistry,
  registrySettings,
} from '../test/fakes/registry.ts';
import { baseline, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { artefactFor, digestOf } from './artefact.ts';
import { attach } from './attach.ts';
import { discover } from './discover.ts';
import { parseManifest } from './documents.ts';
import { bundleType, nativeType, ociIndex, ociManifest } from './media-types.ts';
import { Registries } from './registries.ts';
import type { Repository } from './repository.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const subject = { mediaType: ociManifest, digest: baseline.subject.digest, size: 7 };
const signed = signFingerprint(baseline, signOptions, vendor);
const artefactOf = (bytes: Uint8Array) => artefactFor(readClaims(bytes), bytes, subject);
const settings = registrySettings();

async function world(options: FakeOptions = {}): Promise<{ fake: FakeRegistry; repository: Repository }> {
  const fake = await fakeRegistry(options);
  const registries = new Registries(settings);
  closers.push(
    () => registries.close(),
    () => fake.close(),
  );
  return { fake, repository: registries.writer({ registry: fake.host, repository: 'shop/cart' }) };
}

describe('artefactFor', () => {
  it('makes a bundle of one signature, as cosign looks for it', () => {
    const { manifest, layer, descriptor } = artefactOf(signed.envelope);
    expect(layer).toEqual(signed.bundle);
    expect(parseManifest(manifest, 'it')).toMatchObject({
      artifactType: bundleType,
      layers: [{ mediaType: bundleType }],
      subject: { digest: subject.digest },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://whorl.dev/attestation/fingerprint/v1',
        'org.opencontainers.image.created': signOptions.issuedAt,
      },
    });
    expect(descriptor.digest).toBe(digestOf(manifest));
  });

  it('makes the same of an envelope and its bundle', () => {
    expect(artefactOf(signed.bundle)).toEqual(artefactOf(signed.envelope));
  });

  it('keeps several signatures together as they are', () => {
    const { envelope } = countersign(signed.envelope, stranger);
    const { layer, descriptor } = artefactOf(envelope);
    expect([layer, descriptor.artifactType]).toEqual([envelope, nativeType]);
  });
});

describe.each([
  ['a registry that lists referrers', true, 'referrers-api'],
  ['a registry that does not', false, 'fallback-tag'],
] as const)('attach to %s', (_name, hasReferrers, through) => {
  it('publishes, and lists it once however often it is done', async () => {
    const { repository } = await world({ hasReferrers });
    const artefact = artefactOf(signed.envelope);
    const first = await attach(repository, artefact, subject.digest, settings);
    expect(first).toMatchObject({ through, isRepeated: false, artefact: artefact.descriptor.digest });
    expect(await attach(repository, artefact, subject.digest, settings)).toMatchObject({
      through,
      isRepeated: true,
    });
    expect((await repository.referrers(subject.digest)).map((d) => d.digest)).toEqual([
      artefact.descriptor.digest,
    ]);
  });

  it('is found again, and found is all it is', async () => {
    const { repository } = await world({ hasReferrers });
    await attach(repository, artefactOf(signed.envelope), subject.digest, settings);
    const { found } = await discover(repository, [subject.digest]);
    expect(found).toMatchObject([
      { claims: { kind: 'base', digest: signed.digest, keyIds: [vendor.publicKey.keyId] } },
    ]);
  });
});

describe('the list that clients keep', () => {
  const entryOf = (n: number) =>
    artefactOf(signFingerprint(baseline, { ...signOptions, stream: `s${n}` }, testKey(n)).envelope);
  const tag = subject.digest.replace(':', '-');

  it('holds all who write it at once, though the registry ignores conditions', async () => {
    const { fake } = await world();
    const artefacts = Array.from({ length: 8 }, (_, i) => entryOf(i + 1));
    const registries = new Registries(
      registrySettings({ wait: (ms) => new Promise((r) => setTimeout(r, ms / 4)) }),
    );
    closers.unshift(() => registries.close());
    const done = await Promise.all(
      artefacts.map((artefact) =>
        attach(
          registries.writer({ registry: fake.host, repository: 'shop/cart' }),
          artefact,
          subject.digest,
          registries.settings,
        ),
      ),
    );
    const listed = await registries
      .reader({ registry: fake.host, repository: 'shop/cart' })
      .referrers(subject.digest);
    expect(new Set(listed.map((d) => d.digest))).toEqual(new Set(artefacts.map((a) => a.descriptor.digest)));
    expect(listed).toHaveLength(8);
    expect(Math.max(...done.map((d) => d.writes))).toBeGreaterThan(1);
  });

  it('keeps what others wrote there, as they wrote it', async () => {
    const { fake, repository } = await world();
    const theirs = {
      mediaType: ociManifest,
      digest: digestOf(new Uint8Array()),
      size: 0,
      urls: ['x'],
      artifactType: 'sbom',
    };
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [theirs], annotations: { a: 'b' } };
    fake.manifests.set(`shop/cart ${tag}`, { type: ociIndex, bytes: Buffer.from(JSON.stringify(index)) });
    await attach(repository, entryOf(1), subject.digest, settings);
    const now = JSON.parse(new TextDecoder().decode(fake.manifests.get(`shop/cart ${tag}`)?.bytes));
    expect(now).toMatchObject({ annotations: { a: 'b' }, manifests: [theirs, { artifactType: bundleType }] });
    expect((await discover(repository, [subject.digest])).others).toBe(1);
  });

  it('is given up with a sentence when others never stop', async () => {
    const { repository } = await world({
      before: (request, response) => {
        const isWrite = request.method === 'PUT' && request.url?.endsWith(tag) === true;
        // Somebody else always wins.
        if (isWrite) response.writeHead(201).end();
        return isWrite;
      },
    });
    await expect(attach(repository, entryOf(1), subject.digest, settings)).rejects.toThrow(
      expect.objectContaining({ code: 'REGISTRY_NOT_LISTED' }),
    );
  });

  it('is used where a registry says it links and has no list to show', async () => {
    const { fake, repository } = await world({
      before: (request, response) => {
        if (request.url?.includes('/referrers/') !== true) return false;
        response.writeHead(404).end();
        return true;
      },
      hasReferrers: true,
    });
    expect(await attach(repository, entryOf(1), subject.digest, settings)).toMatchObject({
      through: 'fallback-tag',
    });
    expect([...fake.manifests.keys()]).toContain(`shop/cart ${tag}`);
  });
});

describe('discover', () => {
  it('reads what older cosign attached under .att, and writes nothing there', async () => {
    const { fake, repository } = await world();
    const layer = {
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      digest: digestOf(signed.envelope),
      size: signed.envelope.length,
    };
    const manifest = { schemaVersion: 2, mediaType: ociManifest, layers: [layer] };
    fake.blobs.set(layer.digest, signed.envelope);
    const tag = `${subject.digest.replace(':', '-')}.att`;
    fake.manifests.set(`shop/cart ${tag}`, {
      type: ociManifest,
      bytes: Buffer.from(JSON.stringify(manifest)),
    });
    const { found } = await discover(repository, [subject.digest]);
    expect(found).toMatchObject([{ claims: { digest: signed.digest }, manifests: [] }]);
  });

  it('says of what cannot be read that it cannot', async () => {
    const { fake, repository } = await world();
    const artefact = artefactOf(signed.envelope);
    await attach(repository, artefact, subject.digest, settings);
    const { layers } = parseManifest(artefact.manifest, 'it');
    const junk = new TextEncoder().encode('{}');
    const other = {
      ...JSON.parse(new TextDecoder().decode(artefact.manifest)),
      layers: [{ ...layers[0], digest: digestOf(junk) }],
    };
    const bytes = Buffer.from(JSON.stringify(other));
    fake.blobs.set(digestOf(junk), junk);
    await repository.pushManifest(bytes, ociManifest);
    const list = {
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: [{ mediaType: ociManifest, digest: digestOf(bytes), size: bytes.length }],
    };
    await repository.pushManifest(Buffer.from(JSON.stringify(list)), ociIndex, {
      tag: subject.digest.replace(':', '-'),
    });
    expect((await discover(repository, [subject.digest])).found).toMatchObject([
      { claims: { problem: 'ENVELOPE_SHAPE' } },
    ]);
  });
});
