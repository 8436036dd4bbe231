import { canonicalBytes } from '../fingerprint/canonical.ts';
import type { Claims } from '../fingerprint/claims.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { renderBundle } from '../fingerprint/sigstore-bundle.ts';
import { approvalPredicateType, predicateType } from '../fingerprint/statement-frame.ts';
import type { Descriptor } from './documents.ts';
import { bundleType, emptyBlob, emptyType, nativeType, ociManifest } from './media-types.ts';

/** A signed statement as a registry keeps it: a manifest that names its subject, and one layer. */
export interface Artefact {
  readonly manifest: Uint8Array;
  readonly layer: Uint8Array;
  /** Of the manifest, as it stands in a list of what belongs to the subject. */
  readonly descriptor: Descriptor;
}

/**
 * One signature with a key id is published as a Sigstore bundle, which cosign finds and verifies; several are one DSSE
 * envelope. The same statement for the same subject is the same bytes, so publishing it twice changes nothing: the time
 * of creation is the time of signing.
 */
export function artefactFor(claims: Claims, bytes: Uint8Array, subject: Descriptor): Artefact {
  const { layer, type } = layerFor(claims, bytes);
  const predicate = claims.kind === 'approval' ? approvalPredicateType : predicateType;
  const annotations = {
    'org.opencontainers.image.created': claims.options.issuedAt,
    ...(type === bundleType
      ? { 'dev.sigstore.bundle.content': 'dsse-envelope', 'dev.sigstore.bundle.predicateType': predicate }
      : {}),
    'whorl.dev/kind': claims.kind,
    'whorl.dev/stream': claims.options.stream,
    'whorl.dev/version': String(claims.options.version),
  };
  const { mediaType, digest, size } = subject;
  const manifest = canonicalBytes({
    schemaVersion: 2,
    mediaType: ociManifest,
    artifactType: type,
    config: { mediaType: emptyType, digest: digestOf(emptyBlob), size: emptyBlob.length },
    layers: [{ mediaType: type, digest: digestOf(layer), size: layer.length }],
    subject: { mediaType, digest, size },
    annotations,
  });
  const descriptor = { ...describe(manifest), artifactType: type, annotations };
  return { manifest, layer, descriptor };
}

function layerFor(claims: Claims, bytes: Uint8Array): { layer: Uint8Array; type: string } {
  const { payload, payloadType, signatures } = claims.envelope;
  const [first, ...rest] = signatures;
  if (isBundle(bytes)) return { layer: bytes, type: bundleType };
  if (first === undefined || rest.length > 0 || !/^[0-9a-f]{64}$/.test(first.keyId))
    return { layer: bytes, type: nativeType };
  const signed = { payloadType, payload, signature: first.sig };
  return { layer: renderBundle(signed, { keyId: first.keyId }), type: bundleType };
}

/** Called for bytes that were read as an envelope or a bundle already. */
function isBundle(bytes: Uint8Array): boolean {
  return Object.hasOwn(JSON.parse(new TextDecoder().decode(bytes)), 'mediaType');
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`;
}

/** An OCI manifest by its bytes. */
export function describe(manifest: Uint8Array): Descriptor {
  return { mediaType: ociManifest, digest: digestOf(manifest), size: manifest.length };
}
