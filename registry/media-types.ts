/** Everything that names the kind of a document in a registry. */
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const indexTypes: readonly string[] = [ociIndex, dockerList];
export const manifestTypes: readonly string[] = [ociManifest, dockerManifest];

/** What cosign and sigstore-go look for, as artifact type and as layer. */
export const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** A DSSE envelope, by in-toto's convention for storing attestations; for several signatures on one statement. */
export const nativeType = 'application/vnd.in-toto.workload-fingerprint+dsse';
/** Layer of what cosign up to version 2 writes under the tag `sha256-HEX.att`. */
export const legacyLayerType = 'application/vnd.dsse.envelope.v1+json';

export const emptyType = 'application/vnd.oci.empty.v1+json';
export const emptyBlob = new TextEncoder().encode('{}');

/** The largest manifest that registries must accept (distribution specification). */
export const maxManifestBytes = 4 << 20;
/** An envelope of 4 MiB in a bundle's frame. */
export const maxEnvelopeBytes = (4 << 20) + (16 << 10);
