import { arch } from 'node:os';
import type { Platform } from '../fingerprint/statement-options.ts';
import { type Descriptor, platformText } from '../registry/documents.ts';
import { RegistryError } from '../registry/errors.ts';
import { type KnownImage, lookUpImage, type PlatformManifest } from '../registry/image.ts';
import { type ImageReference, nameOf } from '../registry/reference.ts';
import type { Source } from '../registry/source.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { imageText } from './registry-access.ts';

/** An image as it was when its name was resolved, and where to look for what is attached to it. */
export interface ImageAt {
  readonly name: string;
  /** What the name meant: index or manifest. */
  readonly digest: string;
  /** Manifests beside which to look, the index first. */
  readonly digests: readonly string[];
  /** The same with type and size, where the registry has them. */
  readonly places: readonly Descriptor[];
  /** Everything that one running copy of it may be known by. */
  readonly identities: readonly string[];
  /** Absent when the image itself is not there, or does not say. */
  readonly platform?: Platform;
}

/**
 * Resolves the name before anything else and says what it means: from here on only digests are asked for. Where only
 * fingerprints were brought (`whorl load`), an image named by digest needs not be there itself.
 * @param choose the platform to look at; undefined for all there are
 */
export async function findAttached(
  io: Io,
  source: Source,
  reference: ImageReference,
  choose: (image: KnownImage) => Platform | undefined = () => undefined,
): Promise<ImageAt> {
  const name = nameOf(reference);
  const image = await lookUp(io, source, reference);
  if (image === undefined) {
    const digest = reference.digest ?? '';
    return { name, digest, digests: [digest], places: [], identities: [digest] };
  }
  if (reference.digest === undefined)
    io.err(`${name}:${reference.tag ?? 'latest'} is ${imageText(reference, image.digest)}`);
  const wanted = choose(image);
  const manifests = wanted === undefined ? image.manifests : image.manifests.filter((m) => isOn(m, wanted));
  if (wanted !== undefined && manifests.length === 0) throw noSuchPlatform(image, wanted);
  const [only, ...more] = manifests;
  const places = [...(image.index === undefined ? [] : [image.index]), ...manifests.map((m) => m.descriptor)];
  const digests = places.map((p) => p.digest);
  return {
    name,
    digest: image.digest,
    digests,
    places,
    identities: [...digests, ...manifests.map((m) => m.config.digest)],
    ...(only?.platform === undefined || more.length > 0 ? {} : { platform: only.platform }),
  };
}

async function lookUp(io: Io, source: Source, reference: ImageReference): Promise<KnownImage | undefined> {
  try {
    return await lookUpImage(source, reference);
  } catch (error) {
    const isMissing = error instanceof RegistryError && error.code === 'REGISTRY_NOT_FOUND';
    if (!isMissing || reference.digest === undefined) throw error;
    io.err(
      `${imageText(reference, reference.digest)} is not in this registry; looking for what is attached to it`,
    );
    return undefined;
  }
}

function isOn({ platform }: PlatformManifest, wanted: Platform): boolean {
  return platform !== undefined && platformText(platform) === platformText(wanted);
}

function noSuchPlatform({ name, manifests }: KnownImage, wanted: Platform): CliError {
  const there = manifests.flatMap((m) => (m.platform === undefined ? [] : [platformText(m.platform)]));
  return new CliError(
    exitCodes.usage,
    `${name} has no image for ${platformText(wanted)}`,
    there.length === 0 ? 'leave --platform out' : `choose one of ${there.join(', ')} with --platform`,
  );
}

/** An image for one platform is taken as it is; of several the one that would run here. */
export function platformHere(io: Io, { manifests }: KnownImage): Platform | undefined {
  if (manifests.length < 2) return undefined;
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  const here = { os: 'linux', architecture };
  io.err(`of several platforms ${platformText(here)} is looked at; --platform names another`);
  return here;
}
