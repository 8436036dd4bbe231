/** One response policy as it is kept: the document as JSON, and who set it. Versions count from 1 without gaps. */
export interface PolicyRow {
  readonly version: number;
  readonly document: string;
  readonly author: string;
  readonly reason: string;
  /** ms since the Unix epoch. */
  readonly setAt: number;
}

/** Response policies, for ever: what is not wanted any more is followed by another, never changed. */
export interface ResponsePolicyStore {
  /** @returns false when this version is there already: somebody else was quicker */
  add(row: PolicyRow): Promise<boolean>;
  /** Undefined: there is none of this number. */
  version(version: number): Promise<PolicyRow | undefined>;
  /** Newest first. @param before only versions below it */
  history(options: { readonly before?: number; readonly limit: number }): Promise<readonly PolicyRow[]>;
}
