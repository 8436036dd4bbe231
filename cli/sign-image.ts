import type { Baseline } from '../fingerprint/fingerprint.ts';
import { unpushedDigest } from '../fingerprint/image-ref.ts';
import { printable } from '../fingerprint/printable.ts';
import type { ImagePart, Platform } from '../fingerprint/statement-frame.ts';
import { platformText } from '../registry/documents.ts';
import { RegistryError } from '../registry/errors.ts';
import { type KnownImage, lookUpImage, manifestsNamed, partsOf } from '../registry/image.ts';
import { type ImageReference, nameOf, parseReference } from '../registry/reference.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
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
    lookUpImage(registries.reader(reference), reference),
  );
  const chosen = onPlatform(image, baseline.subject.digest, options.platform);
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
