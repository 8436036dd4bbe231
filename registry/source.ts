import type { Descriptor } from './documents.ts';

/** What can be read of a repository, from its registry or from mirrors of it. */
export interface Source {
  /** For sentences. */
  readonly name: string;
  /** Undefined when there is none. */
  manifest(target: string): Promise<Fetched | undefined>;
  blob(digest: string, maxBytes: number): Promise<Uint8Array>;
  /** What belongs to a manifest, by whichever of the two ways the registry keeps it. */
  referrers(digest: string): Promise<readonly Descriptor[]>;
}

/** The list of what belongs to a manifest, as clients keep it under a tag. */
export interface Listed {
  readonly entries: readonly Descriptor[];
  /** As it stands there, for who writes it anew. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly etag: string | undefined;
}

/** Bytes whose digest was computed here. */
export interface Fetched {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

export interface Pushed {
  readonly digest: string;
  /** The registry itself lists it with its subject (distribution specification 1.1). */
  readonly isLinked: boolean;
}

/** Where clients keep the list for registries that keep none (distribution specification, referrers tag schema). */
export function fallbackTag(digest: string): string {
  return digest.replace(':', '-');
}
