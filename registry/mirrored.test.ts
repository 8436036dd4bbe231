import { afterEach, describe, expect, it } from 'vitest';
import { type FakeRegistry, fakeRegistry, registrySettings } from '../test/fakes/registry.ts';
import { digestOf } from './artefact.ts';
import { ociManifest } from './media-types.ts';
import { mirrorsOf } from './mirrored.ts';
import { Registries } from './registries.ts';
import type { Source } from './source.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const subject = `sha256:${'ab'.repeat(32)}`;
const bytes = new TextEncoder().encode(
  JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, subject: { digest: subject } }),
);

async function world(): Promise<{
  mirror: FakeRegistry;
  origin: FakeRegistry;
  source: Source;
  said: string[];
}> {
  const mirror = await fakeRegistry({ hasReferrers: true });
  const origin = await fakeRegistry({ hasReferrers: true });
  const settings = registrySettings({ mirrors: [{ from: origin.host, to: `${mirror.host}/hub` }] });
  const registries = new Registries(settings);
  closers.push(
    () => registries.close(),
    () => mirror.close(),
    () => origin.close(),
  );
  const source = registries.reader({ registry: origin.host, repository: 'shop/cart' });
  return { mirror, origin, source, said: settings.said };
}

describe('a mirror', () => {
  it('is read first, and the registry is not asked for what it has', async () => {
    const { mirror, origin, source } = await world();
    mirror.manifests.set(`hub/shop/cart ${digestOf(bytes)}`, { type: ociManifest, bytes });
    expect(await source.manifest(digestOf(bytes))).toMatchObject({ digest: digestOf(bytes) });
    expect(origin.seen).toEqual([]);
  });

  it('that has nothing attached is no answer: mirrors rarely carry it', async () => {
    const { origin, source } = await world();
    origin.manifests.set(`shop/cart ${digestOf(bytes)}`, { type: ociManifest, bytes });
    expect(await source.referrers(subject)).toMatchObject([{ digest: digestOf(bytes) }]);
  });

  it('that gives other bytes is told of and passed over', async () => {
    const { mirror, origin, source, said } = await world();
    mirror.manifests.set(`hub/shop/cart ${digestOf(bytes)}`, {
      type: ociManifest,
      bytes: new TextEncoder().encode('{}'),
    });
    origin.manifests.set(`shop/cart ${digestOf(bytes)}`, { type: ociManifest, bytes });
    expect(await source.manifest(digestOf(bytes))).toMatchObject({ digest: digestOf(bytes) });
    expect(said).toEqual([expect.stringMatching(/where sha256:.* was meant; asking the next source/)]);
  });

  it('that is down is told of once, and hides nothing that the registry answers', async () => {
    const { mirror, origin, source, said } = await world();
    await mirror.close();
    origin.manifests.set(`shop/cart ${digestOf(bytes)}`, { type: ociManifest, bytes });
    expect(await source.manifest(digestOf(bytes))).toMatchObject({ digest: digestOf(bytes) });
    expect(await source.referrers(subject)).toMatchObject([{ digest: digestOf(bytes) }]);
    expect(await source.manifest('sha256-ab.att')).toBeUndefined();
    expect(said).toEqual([expect.stringMatching(/cannot be reached .*; asking the next source/)]);
    await expect(source.referrers(`sha256:${'cd'.repeat(32)}`)).rejects.toThrow(/cannot be reached/);
  });

  it('alone does not say that there is none while the registry is out of reach', async () => {
    const { origin, source } = await world();
    await origin.close();
    await expect(source.referrers(subject)).rejects.toThrow(
      expect.objectContaining({ code: 'REGISTRY_UNREACHABLE' }),
    );
  });
});

it('mirrorsOf takes whole parts of a name, the longest first', () => {
  const mirrors = [
    { from: 'registry.example', to: 'mirror.internal/all' },
    { from: 'registry.example/shop', to: 'mirror.internal/shop' },
    { from: 'registry.example/sh', to: 'mirror.internal/never' },
  ];
  expect(mirrorsOf({ registry: 'registry.example', repository: 'shop/cart' }, mirrors)).toEqual([
    { registry: 'mirror.internal', repository: 'shop/cart' },
    { registry: 'mirror.internal', repository: 'all/shop/cart' },
  ]);
});
