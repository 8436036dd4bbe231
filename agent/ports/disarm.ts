/** Why nothing is to be stopped on this node, for people. */
export interface LocalDisarm {
  readonly reason: string;
  /** µs since the epoch; absent: until somebody changes what stands there. */
  readonly until?: number;
}

/** A label by which people disarm a namespace of Kubernetes, as it stands there. */
export interface DisarmLabel {
  readonly namespace: string;
  readonly value: string;
  /** µs since the epoch when this node first saw that value. */
  readonly seenAt: number;
}

/** The labels that were known last, for when the agent starts while the Kubernetes API is away. */
export interface LabelStore {
  /** What cannot be read counts as none: the API tells of them anew. */
  load(): Promise<readonly DisarmLabel[]>;
  /** Resolves when it survives kill -9. */
  save(labels: readonly DisarmLabel[]): Promise<void>;
}

/** What somebody with access to the node said, for when the collector cannot be reached. */
export interface ArmState {
  /** @param now µs since the Unix epoch @returns undefined: it is armed */
  disarmed(now: number): Promise<LocalDisarm | undefined>;
}
