import type { Artefact } from './artefact.ts';
import { type Descriptor, maxDescriptors } from './documents.ts';
import { RegistryError } from './errors.ts';
import { emptyBlob, ociIndex, ociManifest } from './media-types.ts';
import type { Repository } from './repository.ts';
import type { RegistrySettings } from './settings.ts';
import { fallbackTag, type Listed } from './source.ts';

export interface Attached {
  /** Digest of the manifest it now belongs to. */
  readonly subject: string;
  readonly artefact: string;
  /** Who keeps the list: the registry itself, or clients under a tag. */
  readonly through: 'referrers-api' | 'fallback-tag';
  /** It was listed before. */
  readonly isRepeated: boolean;
  /** Writes of the list that were needed: more than one where others wrote at the same time. */
  readonly writes: number;
}

type Patience = Pick<RegistrySettings, 'wait' | 'random' | 'now'>;

/** Eight at once needed six at most in tests; a registry on which it takes longer is told of. */
const maxWrites = 32;
/** How long an entry must stay before it is believed: several times what a read and a write took here … */
const settleFactor = 6;
/** … but never less than the slowest of a few neighbours may need, nor longer than a person waits. */
const minSettleMs = 400;
const maxSettleMs = 5000;
const looks = 3;
const maxJitterMs = 400;

/**
 * Publishes an artefact beside its subject: blob, manifest, then the list of what belongs to the subject. Most registries
 * ignore conditions on writes, so two who add to the list at once overwrite each other: each reads it again after
 * writing, and once more after a while, and adds itself again until it stays.
 * @throws REGISTRY_NOT_LISTED
 */
export async function attach(
  repository: Repository,
  artefact: Artefact,
  subject: string,
  patience: Patience,
): Promise<Attached> {
  const { descriptor } = artefact;
  const about = { subject, artefact: descriptor.digest };
  const known = await repository.referrers(subject);
  if (known.some((d) => d.digest === descriptor.digest)) {
    const through = (await repository.linked(subject)) === undefined ? 'fallback-tag' : 'referrers-api';
    return { ...about, through, isRepeated: true, writes: 0 };
  }
  await repository.pushBlob(emptyBlob);
  await repository.pushBlob(artefact.layer);
  // Before the list: registries refuse a list that names what they do not have.
  const pushed = await repository.pushManifest(artefact.manifest, ociManifest);
  if (pushed?.isLinked === true && (await isLinked(repository, subject, descriptor.digest, patience)))
    return { ...about, through: 'referrers-api', isRepeated: false, writes: 0 };
  const writes = await enlist(repository, subject, descriptor, patience);
  return { ...about, through: 'fallback-tag', isRepeated: false, writes };
}

/** Some registries say that they link and have no list to show; some need a moment. */
async function isLinked(
  repository: Repository,
  subject: string,
  artefact: string,
  { wait }: Patience,
): Promise<boolean> {
  for (let look = 1; look <= looks; look++) {
    const linked = await repository.linked(subject);
    if (linked === undefined) return false;
    if (linked.some((d) => d.digest === artefact)) return true;
    await wait(minSettleMs * look);
  }
  return false;
}

async function enlist(
  repository: Repository,
  subject: string,
  entry: Descriptor,
  patience: Patience,
): Promise<number> {
  let slowest = 0;
  for (let writes = 0; writes < maxWrites; ) {
    const began = patience.now();
    const list = await repository.listed(subject);
    if (has(list, entry)) {
      if (await stays(repository, subject, entry, { ...patience, settleMs: settleFactor * slowest }))
        return writes;
      continue;
    }
    const tag = fallbackTag(subject);
    await repository.pushManifest(listWith(list, entry, repository.name), ociIndex, {
      tag,
      etag: list?.etag,
    });
    writes++;
    slowest = Math.max(slowest, patience.now() - began);
    await patience.wait(patience.random() * Math.min(maxJitterMs, 50 * writes));
  }
  throw new RegistryError(
    'REGISTRY_NOT_LISTED',
    `others change the list of ${repository.name} so often that ours does not stay on it`,
    { hint: 'run it again when fewer publish at once; nothing is lost by doing it twice' },
  );
}

async function stays(
  repository: Repository,
  subject: string,
  entry: Descriptor,
  { wait, random, settleMs }: Patience & { readonly settleMs: number },
): Promise<boolean> {
  const whole = Math.min(maxSettleMs, Math.max(minSettleMs, settleMs));
  for (let look = 0; look < looks; look++) {
    await wait((whole / looks) * (0.75 + random() / 2));
    if (!has(await repository.listed(subject), entry)) return false;
  }
  return true;
}

function has(list: Listed | undefined, entry: Descriptor): boolean {
  return list?.entries.some((d) => d.digest === entry.digest) === true;
}

/** What others wrote stays as they wrote it, members we do not know included. */
function listWith(list: Listed | undefined, entry: Descriptor, name: string): Uint8Array {
  const earlier = list?.document ?? { schemaVersion: 2, mediaType: ociIndex };
  const entries = Array.isArray(earlier.manifests) ? earlier.manifests : [];
  // One more, and nobody could read the list any longer.
  if (entries.length >= maxDescriptors)
    throw new RegistryError('REGISTRY_NOT_LISTED', `the list of ${name} is full: ${entries.length} entries`, {
      hint: 'remove old artefacts from it',
    });
  return new TextEncoder().encode(JSON.stringify({ ...earlier, manifests: [...entries, entry] }));
}
