import { type Claims, readClaims } from '../fingerprint/claims.ts';
import { type ErrorCode, FingerprintError } from '../fingerprint/errors.ts';
import { approvalPredicateType, predicateType } from '../fingerprint/statement-frame.ts';
import { type Descriptor, type Manifest, parseManifest } from './documents.ts';
import { type RegistryCode, RegistryError } from './errors.ts';
import { bundleType, legacyLayerType, maxEnvelopeBytes, nativeType } from './media-types.ts';
import { fallbackTag, type Source } from './source.ts';

/** Something attached that says it is a statement of ours. Found is not verified: nothing here looked at a key. */
export interface Found {
  readonly bytes: Uint8Array;
  readonly layer: string;
  /** Manifests it was found beside. */
  readonly beside: readonly string[];
  /**
   * The artefact for each of them, which may say that it belongs to another image; none for what stands under an `.att`
   * tag.
   */
  readonly manifests: readonly Uint8Array[];
  readonly claims: Claims | { readonly problem: ErrorCode };
}

export interface Discovered {
  readonly found: readonly Found[];
  /** Attached things of other kinds: SBOMs, provenance, signatures. */
  readonly others: number;
  /** What is listed and cannot be had or is not what it is listed as, a sentence each. */
  readonly broken: readonly string[];
  /** There was more than is looked at. */
  readonly isCut: boolean;
}

/** A fingerprint, its approvals and some years of their versions; a longer list costs the reader, not the writer. */
const maxArtefacts = 256;
/** Of all of them together, for they are held at once: 256 of the largest published one. */
const maxTotalBytes = 64 << 20;
/**
 * Everybody who may push may list something broken. It must not hide what stands beside it; what may pass by itself (no
 * connection, no login, a busy registry) is no such thing.
 */
const brokenCodes: readonly RegistryCode[] = [
  'REGISTRY_ANSWER',
  'REGISTRY_TOO_LARGE',
  'REGISTRY_DIGEST',
  'REGISTRY_NOT_FOUND',
];
const ours: readonly string[] = [predicateType, approvalPredicateType];

/** Whatever is attached to these manifests, each statement once. */
export async function discover(source: Source, digests: readonly string[]): Promise<Discovered> {
  const byLayer = new Map<string, Found>();
  const seen: Seen = { others: 0, left: maxArtefacts, bytesLeft: maxTotalBytes, broken: [], isCut: false };
  for (const digest of digests) {
    for (const part of await attachedTo(source, digest, seen)) {
      const earlier = byLayer.get(part.layer);
      byLayer.set(part.layer, earlier === undefined ? part : joined(earlier, part));
    }
  }
  const { others, broken, isCut } = seen;
  return { found: [...byLayer.values()], others, broken: [...new Set(broken)], isCut };
}

function joined(a: Found, b: Found): Found {
  return {
    ...a,
    beside: [...new Set([...a.beside, ...b.beside])],
    manifests: [...a.manifests, ...b.manifests],
  };
}

interface Seen {
  others: number;
  left: number;
  bytesLeft: number;
  readonly broken: string[];
  isCut: boolean;
}

async function attachedTo(source: Source, subject: string, seen: Seen): Promise<readonly Found[]> {
  const listed = await source.referrers(subject);
  const wanted = listed.filter(mayBeOurs);
  seen.others += listed.length - wanted.length;
  const found: Found[] = [];
  for (const entry of taken(wanted, seen)) {
    const one = await unlessBroken(seen, () => linked(source, subject, entry, seen));
    if (one !== undefined) found.push(one);
  }
  const old = await unlessBroken(seen, () => legacy(source, subject, seen));
  return [...found, ...(old ?? [])];
}

/** As many as there is room for. */
function* taken(entries: readonly Descriptor[], seen: Seen): Generator<Descriptor> {
  for (const entry of entries) {
    if (seen.left === 0 || seen.bytesLeft <= 0) {
      seen.isCut = true;
      return;
    }
    seen.left--;
    yield entry;
  }
}

async function unlessBroken<T>(seen: Seen, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RegistryError) || !brokenCodes.includes(error.code)) throw error;
    seen.broken.push(error.message);
    return undefined;
  }
}

async function linked(
  source: Source,
  subject: string,
  { digest }: Descriptor,
  seen: Seen,
): Promise<Found | undefined> {
  const manifest = await source.manifest(digest);
  if (manifest === undefined) return undefined;
  const layer = layerOf(parseManifest(manifest.bytes, source.name));
  if (layer === undefined) {
    seen.others++;
    return undefined;
  }
  return { ...(await fetched(source, layer, seen)), beside: [subject], manifests: [manifest.bytes] };
}

/** By what the list says of it; an entry that says nothing is looked at. */
function mayBeOurs({ artifactType, annotations }: Descriptor): boolean {
  if (artifactType !== undefined && artifactType !== bundleType && artifactType !== nativeType) return false;
  const predicate = annotations?.['dev.sigstore.bundle.predicateType'];
  return predicate === undefined || ours.includes(predicate);
}

function layerOf({ layers, annotations }: Manifest): Descriptor | undefined {
  const [first, ...rest] = layers;
  const predicate = annotations['dev.sigstore.bundle.predicateType'];
  if (first === undefined || rest.length > 0 || (predicate !== undefined && !ours.includes(predicate)))
    return undefined;
  return first.mediaType === bundleType || first.mediaType === nativeType ? first : undefined;
}

async function fetched(
  source: Source,
  { digest }: Descriptor,
  seen: Seen,
): Promise<Pick<Found, 'bytes' | 'layer' | 'claims'>> {
  const bytes = await source.blob(digest, maxEnvelopeBytes);
  seen.bytesLeft -= bytes.length;
  return { bytes, layer: digest, claims: claimed(bytes) };
}

function claimed(bytes: Uint8Array): Found['claims'] {
  try {
    return readClaims(bytes);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    return { problem: error.code };
  }
}

/** What cosign up to version 2 attached: one layer for each envelope, of any predicate. */
async function legacy(source: Source, subject: string, seen: Seen): Promise<readonly Found[]> {
  const manifest = await source.manifest(`${fallbackTag(subject)}.att`);
  if (manifest === undefined) return [];
  const envelopes = parseManifest(manifest.bytes, source.name).layers.filter(
    (d) => d.mediaType === legacyLayerType && ours.includes(d.annotations?.predicateType ?? predicateType),
  );
  const found: Found[] = [];
  for (const layer of taken(envelopes, seen)) {
    const part = await unlessBroken(seen, () => fetched(source, layer, seen));
    // Older cosign does not say of which predicate an envelope is: what is no statement of ours is not our affair.
    const isOther =
      part !== undefined && 'problem' in part.claims && part.claims.problem === 'PREDICATE_TYPE';
    if (part !== undefined && !isOther) found.push({ ...part, beside: [subject], manifests: [] });
  }
  return found;
}
