import { type Claims, readClaims } from '../fingerprint/claims.ts';
import { type ErrorCode, FingerprintError } from '../fingerprint/errors.ts';
import { approvalPredicateType, predicateType } from '../fingerprint/statement-frame.ts';
import { type Descriptor, type Manifest, parseManifest } from './documents.ts';
import { bundleType, legacyLayerType, maxEnvelopeBytes, nativeType } from './media-types.ts';
import { fallbackTag, type Source } from './source.ts';

/** Something attached that says it is a statement of ours. Found is not verified: nothing here looked at a key. */
export interface Found {
  readonly bytes: Uint8Array;
  readonly layer: string;
  /** Manifests it was found beside. */
  readonly beside: readonly string[];
  /** The artefact for each of them; none for what stands under an `.att` tag. */
  readonly manifests: readonly Uint8Array[];
  readonly claims: Claims | { readonly problem: ErrorCode };
}

export interface Discovered {
  readonly found: readonly Found[];
  /** Attached things of other kinds: SBOMs, provenance, signatures. */
  readonly others: number;
  /** There was more than is looked at. */
  readonly isCut: boolean;
}

/** A fingerprint, its approvals and some years of their versions; a longer list costs the reader, not the writer. */
const maxArtefacts = 256;
const ours: readonly string[] = [predicateType, approvalPredicateType];

/** Whatever is attached to these manifests, each statement once. */
export async function discover(source: Source, digests: readonly string[]): Promise<Discovered> {
  const byLayer = new Map<string, Found>();
  const seen = { others: 0, left: maxArtefacts, isCut: false };
  for (const digest of digests) {
    for (const part of await attachedTo(source, digest, seen)) {
      const earlier = byLayer.get(part.layer);
      byLayer.set(part.layer, earlier === undefined ? part : joined(earlier, part));
    }
  }
  return { found: [...byLayer.values()], others: seen.others, isCut: seen.isCut };
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
  isCut: boolean;
}

async function attachedTo(source: Source, subject: string, seen: Seen): Promise<readonly Found[]> {
  const listed = await source.referrers(subject);
  const wanted = listed.filter(mayBeOurs);
  seen.others += listed.length - wanted.length;
  const taken = wanted.slice(0, seen.left);
  seen.left -= taken.length;
  seen.isCut ||= taken.length < wanted.length;
  const found: Found[] = [];
  for (const { digest } of taken) {
    const manifest = await source.manifest(digest);
    if (manifest === undefined) continue;
    const layer = layerOf(parseManifest(manifest.bytes, source.name));
    if (layer === undefined) seen.others++;
    else found.push({ ...(await fetched(source, layer)), beside: [subject], manifests: [manifest.bytes] });
  }
  return [...found, ...(await legacy(source, subject))];
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
): Promise<Pick<Found, 'bytes' | 'layer' | 'claims'>> {
  const bytes = await source.blob(digest, maxEnvelopeBytes);
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
async function legacy(source: Source, subject: string): Promise<readonly Found[]> {
  const manifest = await source.manifest(`${fallbackTag(subject)}.att`);
  if (manifest === undefined) return [];
  const { layers } = parseManifest(manifest.bytes, source.name);
  const envelopes = layers
    .filter(
      (d) => d.mediaType === legacyLayerType && ours.includes(d.annotations?.predicateType ?? predicateType),
    )
    .slice(0, maxArtefacts);
  const found = await Promise.all(envelopes.map((layer) => fetched(source, layer)));
  // Older cosign does not say of which predicate an envelope is: what is no statement of ours is not our affair.
  const readable = found.filter(
    ({ claims }) => !('problem' in claims && claims.problem === 'PREDICATE_TYPE'),
  );
  return readable.map((part) => ({ ...part, beside: [subject], manifests: [] }));
}
