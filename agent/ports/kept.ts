/** Begins the names under which provisional fingerprints are kept. */
export const learnedName = 'learned-';

/** Begins the names of fingerprints that a newer version replaced, for other digests. */
export const earlierName = 'earlier-';

export interface KeptEnvelope {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Signed fingerprints that are in force on this node: raw envelopes, verified by the caller, never here. */
export interface FingerprintSource {
  /** One after the other: those of a full node together are more than all that is made of them. */
  envelopes(): AsyncIterable<KeptEnvelope>;
  /** Keeps an envelope that was verified, so that it holds without a collector. */
  keep(name: string, bytes: Uint8Array): Promise<void>;
  /** What was kept under one name is kept under another too; nothing when there was none. */
  copy(name: string, as: string): Promise<void>;
  /** What was kept under this name holds no more; nothing when there was none. */
  forget(name: string): Promise<void>;
  /** Whether something still lies there under a name that `envelopes` gave: a person may have taken it away. */
  has(name: string): Promise<boolean>;
}

/** What outlives the agent besides spool, fingerprints and holds. */
export interface AgentState {
  /** The highest version accepted per stream: an older one must not come back. */
  readonly streams: Readonly<Record<string, { readonly version: number; readonly digest: string }>>;
  /** ms since the epoch when each payload that people signed was first accepted here, by `sha256:HEX#KEYID`, oldest first. */
  readonly accepted?: Readonly<Record<string, number>>;
  /** The same of what a collector learned and signed. */
  readonly learned?: Readonly<Record<string, number>>;
  /** µs since the epoch when the agent last watched; 0 when never. */
  readonly aliveAt: number;
}

export interface StateStore {
  /** @throws FingerprintError STATE_IO when there is something that cannot be read */
  load(): Promise<AgentState>;
  /** Resolves when it survives kill -9. */
  save(state: AgentState): Promise<void>;
}

/** A trust policy that came by wire, as it was signed. */
export interface KeptPolicy {
  /** ms since the epoch when this node accepted it. */
  readonly acceptedAt: number;
  readonly envelope: Uint8Array;
}

/** The trust policies that lead on from the local file, in order. */
export interface PolicyStore {
  /** @throws FingerprintError STATE_IO when what is kept cannot be read: never empty by mistake */
  load(): Promise<readonly KeptPolicy[]>;
  /** Resolves when it survives kill -9. @throws FingerprintError STATE_IO */
  save(policies: readonly KeptPolicy[]): Promise<void>;
}
