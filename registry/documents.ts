import { FingerprintError } from '../fingerprint/errors.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { RegistryError } from './errors.ts';
import { maxManifestBytes } from './media-types.ts';

/** Names a document or a blob by what it holds. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
}

export interface Manifest {
  readonly mediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Platforms and attestations of the largest images there are, several times over. */
export const maxDescriptors = 1024;
const digestForm = /^sha256:[0-9a-f]{64}$/;
/** As in a statement: what is no such word cannot be a platform that runs here. */
const platformWord = /^[a-z0-9._-]{1,40}$/;

/** The images an index names. @throws REGISTRY_ANSWER */
export function parseIndex(bytes: Uint8Array, source: string): readonly Descriptor[] {
  const value = parsed(bytes, source);
  return listOf(value.manifests, source).map((d) => descriptorOf(d, source));
}

/**
 * What belongs to a manifest, by a list that everybody may add to. An entry that cannot be used here (a digest of another
 * algorithm, one without size) is passed over: it must not hide the others. @throws REGISTRY_ANSWER
 */
export function parseReferrers(bytes: Uint8Array, source: string): readonly Descriptor[] {
  return listOf(parsed(bytes, source).manifests, source).flatMap((d) => {
    try {
      return [descriptorOf(d, source)];
    } catch (error) {
      if (error instanceof RegistryError) return [];
      throw error;
    }
  });
}

/** @throws REGISTRY_ANSWER */
export function parseManifest(bytes: Uint8Array, source: string): Manifest {
  const value = parsed(bytes, source);
  const optional = (d: unknown): Descriptor | undefined =>
    d === undefined ? undefined : descriptorOf(d, source);
  return {
    mediaType: textOf(value.mediaType),
    artifactType: textOf(value.artifactType),
    config: optional(value.config),
    layers:
      value.layers === undefined ? [] : listOf(value.layers, source).map((d) => descriptorOf(d, source)),
    subject: optional(value.subject),
    annotations: annotationsOf(value.annotations),
  };
}

/** What an image's configuration says it runs on. */
export function platformIn(config: Uint8Array, source: string): Platform | undefined {
  return platformOf(parsed(config, source));
}

/** In the order of people: `linux/amd64`. */
export function platformText({ os, architecture }: Platform): string {
  return `${os}/${architecture}`;
}

function parsed(bytes: Uint8Array, source: string): Readonly<Record<string, unknown>> {
  try {
    return objectOf(parseJson(bytes, { bytes: maxManifestBytes }), source);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw malformed(source, error.message);
  }
}

function objectOf(value: unknown, source: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(source, 'is not the object it should be');
  return { ...value };
}

function listOf(value: unknown, source: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(source, 'lacks its list');
  if (value.length > maxDescriptors) throw malformed(source, `lists more than ${maxDescriptors} things`);
  return value;
}

function descriptorOf(value: unknown, source: string): Descriptor {
  const { mediaType, digest, size, artifactType, annotations, platform } = objectOf(value, source);
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !digestForm.test(digest))
    throw malformed(source, 'names something without its type or sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw malformed(source, 'names something without its size');
  const where = platform === undefined ? undefined : platformOf(objectOf(platform, source));
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(annotations === undefined ? {} : { annotations: annotationsOf(annotations) }),
    ...(where === undefined ? {} : { platform: where }),
  };
}

function platformOf({ os, architecture }: Readonly<Record<string, unknown>>): Platform | undefined {
  const isWord = (word: unknown): word is string => typeof word === 'string' && platformWord.test(word);
  return isWord(os) && isWord(architecture) ? { os, architecture } : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}

function malformed(source: string, why: string): RegistryError {
  return new RegistryError('REGISTRY_ANSWER', `what ${source} holds there ${why}`);
}
