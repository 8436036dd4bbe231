import type { Platform } from '../fingerprint/statement-options.ts';
import type { ImagePart } from '../fingerprint/statement-subjects.ts';
import { type Descriptor, parseIndex, parseManifest, platformIn } from './documents.ts';
import { RegistryError } from './errors.ts';
import { indexTypes, manifestTypes } from './media-types.ts';
import { type ImageReference, targetOf } from './reference.ts';
import type { Fetched, Source } from './source.ts';

/** An image as its registry has it now: everything its digest stands for. */
export interface KnownImage {
  readonly name: string;
  /** What the reference meant at the time it was looked up; a tag may mean another one by now. */
  readonly digest: string;
  readonly index?: Descriptor;
  readonly manifests: readonly PlatformManifest[];
  /** What the index names besides and was not looked at: manifests that are not there, indexes within it. */
  readonly unseen: number;
}

export interface PlatformManifest {
  readonly descriptor: Descriptor;
  readonly platform?: Platform;
  readonly config: Descriptor;
}

/** As many platforms as a statement can name subjects for, with manifest and configuration each. */
const maxPlatforms = 31;
/** A configuration lists layers and history; the largest known have some hundred kilobytes. */
const maxConfigBytes = 4 << 20;

/**
 * Resolves the reference to a digest first and looks up the rest by digests alone, so that a tag that moves meanwhile
 * changes nothing. @throws REGISTRY_NOT_FOUND
 */
export async function lookUpImage(source: Source, reference: ImageReference): Promise<KnownImage> {
  const found = await source.manifest(targetOf(reference));
  if (found === undefined) {
    const wanted = reference.digest ?? `tag ${targetOf(reference)}`;
    throw new RegistryError('REGISTRY_NOT_FOUND', `${source.name} has no ${wanted}`, {
      hint: 'check the name and tag, and that the image was pushed',
    });
  }
  if (indexTypes.includes(found.mediaType)) return readIndex(source, found);
  if (!manifestTypes.includes(found.mediaType))
    throw new RegistryError('REGISTRY_ANSWER', `${source.name} has something there that is no image`);
  return {
    name: source.name,
    digest: found.digest,
    manifests: [await readManifest(source, found)],
    unseen: 0,
  };
}

async function readIndex(source: Source, found: Fetched): Promise<KnownImage> {
  const named = parseIndex(found.bytes, source.name);
  const entries = named.filter(isImage);
  if (entries.length > maxPlatforms)
    throw new RegistryError(
      'REGISTRY_ANSWER',
      `${source.name} names more than ${maxPlatforms} platforms there`,
    );
  const manifests = await Promise.all(
    entries.map(async ({ digest, platform }) => {
      const manifest = await source.manifest(digest);
      // A mirror may hold the platforms its site uses and no others.
      return manifest === undefined ? undefined : readManifest(source, manifest, platform);
    }),
  );
  const index = { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length };
  const seen = manifests.filter((m) => m !== undefined);
  const nested = named.filter(({ mediaType }) => indexTypes.includes(mediaType));
  return {
    name: source.name,
    digest: found.digest,
    index,
    manifests: seen,
    unseen: entries.length - seen.length + nested.length,
  };
}

/** BuildKit keeps attestations among the platforms, under one that nothing runs on. */
function isImage({ mediaType, platform }: Descriptor): boolean {
  return manifestTypes.includes(mediaType) && platform?.os !== 'unknown';
}

async function readManifest(source: Source, found: Fetched, told?: Platform): Promise<PlatformManifest> {
  const { config } = parseManifest(found.bytes, source.name);
  if (config === undefined)
    throw new RegistryError('REGISTRY_ANSWER', `${source.name} has an image without configuration`);
  const platform = told ?? platformIn(await source.blob(config.digest, maxConfigBytes), source.name);
  const descriptor = { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length };
  return { descriptor, config, ...(platform === undefined ? {} : { platform }) };
}

/** Every digest the image goes by, for a statement to name. */
export function partsOf({ index, manifests }: KnownImage): readonly ImagePart[] {
  return [
    ...(index === undefined ? [] : [{ digest: index.digest, role: 'index' } as const]),
    ...manifests.flatMap(({ descriptor, config, platform }) => {
      const where = platform === undefined ? {} : { platform };
      return [
        { digest: descriptor.digest, role: 'manifest', ...where } as const,
        { digest: config.digest, role: 'config', ...where } as const,
      ];
    }),
  ];
}

/** The manifests that one of these digests means: itself, or by its configuration. */
export function manifestsNamed(
  { manifests }: KnownImage,
  digests: readonly string[],
): readonly PlatformManifest[] {
  return manifests.filter(
    ({ descriptor, config }) => digests.includes(descriptor.digest) || digests.includes(config.digest),
  );
}
