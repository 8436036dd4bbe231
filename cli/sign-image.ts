import type { Baseline } from '../fingerprint/fingerprint.ts';
import { unpushedDigest } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import type { ImagePart } from '../fingerprint/statement-subjects.ts';
import { platformText } from '../registry/documents.ts';
import { RegistryError } from '../registry/errors.ts';
import {
  type KnownImage,
  lookUpImage,
  manifestsNamed,
  type PlatformManifest,
  partsOf,
} from '../registry/image.ts';
import { type ImageReference, nameOf, parseReference } from '../registry/reference.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { imageText, platformOption, type RegistryOptions, withRegistries } from './registry-access.ts';

/** What `sign` needs of the registry, once the image is there. */
export interface PushedImage {
  readonly image: string;
  readonly subjects: readonly ImagePart[];
  readonly platform?: Platform;
}

/**
 * Every digest the pushed image goes by. Whether the learned one is among them is for `signFingerprint` to refuse.
 * `--platform` is `os/arch`, `all`, or absent: then the platform that was learned on where the digest tells, else all.
 */
export async function pushedImage(
  io: Io,
  baseline: Baseline,
  asked: {
    readonly reference: ImageReference;
    readonly options: RegistryOptions & { readonly platform?: string };
  },
): Promise<PushedImage> {
  const { reference, options } = asked;
  const image = await withRegistries(io, options, (registries) =>
    lookUpImage(registries.own(reference), reference),
  );
  assertSeen(image);
  const chosen = withoutRivals(io, image, onPlatform(image, baseline.subject.digest, options.platform));
  const platforms = chosen.manifests.flatMap((m) => (m.platform === undefined ? [] : [m.platform]));
  io.err(
    `signing for ${imageText(reference, image.digest)} on ${platforms.map(platformText).join(', ') || 'its platform'}`,
  );
  const [only] = platforms;
  const isOne = chosen !== image || image.manifests.length === 1;
  const name = nameOf(reference);
  return {
    image: name,
    subjects: partsOf(chosen),
    ...(isOne && only !== undefined ? { platform: only } : {}),
  };
}

/** The digest of an index stands for all it holds, and what is signed for must have been seen. @throws CliError */
function assertSeen({ name, digest, unseen }: KnownImage): void {
  if (unseen === 0) return;
  throw new CliError(
    exitCodes.trust,
    `${name}@${digest} names ${counted(unseen, 'image')} that cannot be looked at`,
    'push it again with all its platforms, or sign for one of them: --image NAME@sha256:HEX of its manifest',
  );
}

/**
 * Where the index holds two images for one platform and only one of them is meant, whoever runs "the index" may run the
 * other: then the index is not signed for.
 */
function withoutRivals(io: Io, image: KnownImage, chosen: KnownImage): KnownImage {
  const { index: _index, ...rest } = chosen;
  const meant = new Set(chosen.manifests.map(onText));
  const rivals = image.manifests.filter((m) => !chosen.manifests.includes(m) && meant.has(onText(m)));
  const [rival] = rivals;
  if (rival === undefined) return chosen;
  io.err(
    `not signing for the index ${image.digest}: it holds ${rival.descriptor.digest} for ${onText(rival)}, too; --platform ${onText(rival)} signs for both`,
  );
  return rest;
}

function onText({ platform }: PlatformManifest): string {
  return platform === undefined ? 'no platform' : platformText(platform);
}

function onPlatform(image: KnownImage, learned: string, wanted: string | undefined): KnownImage {
  if (wanted === 'all') return image;
  if (wanted === undefined) {
    const named = learned === unpushedDigest ? [] : manifestsNamed(image, [learned]);
    return named.length === 0 || image.manifests.length === 1 ? image : { ...image, manifests: named };
  }
  const platform = platformText(platformOption(wanted));
  const manifests = image.manifests.filter(
    (m) => m.platform !== undefined && platformText(m.platform) === platform,
  );
  if (manifests.length > 0) return image.manifests.length === 1 ? image : { ...image, manifests };
  const there = image.manifests.flatMap((m) => (m.platform === undefined ? [] : [platformText(m.platform)]));
  throw new CliError(
    exitCodes.usage,
    `${image.name} has no image for ${platform}`,
    `choose ${[...there, 'all'].join(' or ')} with --platform`,
  );
}

/**
 * What is to be looked up: a tag, or a digest other than the learned one. A name without a registry never is: every tool
 * takes it for another one, and a signature must not.
 */
export function pushedReference(
  baseline: Baseline,
  { image, platform }: { readonly image?: string; readonly platform?: string },
): ImageReference | undefined {
  if (image === undefined) {
    if (platform === undefined) return undefined;
    throw new CliError(
      exitCodes.usage,
      '--platform needs --image NAME:TAG',
      'say which pushed image is meant',
    );
  }
  const reference = readReference(image);
  if (reference === undefined) return undefined;
  const { digest, tag, hasRegistry } = reference;
  const isLearned = digest !== undefined && digest === baseline.subject.digest;
  const isNameOnly = digest === undefined && tag === undefined;
  if (hasRegistry && (platform !== undefined || !(isLearned || isNameOnly))) return reference;
  if (hasRegistry || tag === undefined) return undefined;
  throw new CliError(
    exitCodes.usage,
    `--image ${JSON.stringify(printable(image, 120))} names no registry`,
    'write it in full, like docker.io/library/nginx:1.27',
  );
}

function readReference(text: string): ImageReference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    // Names of services are no images, and are signed for as they stand.
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
