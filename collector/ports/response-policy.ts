import type { ResponsePolicy } from '../core/response-policy.ts';

export type { PolicyCheckReport } from '../core/check-policy.ts';

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

/** Who changes something, and why. Who comes from the one who was authenticated, never from what he sends. */
export interface By {
  readonly author: string;
  readonly reason: string;
}

/** One response policy and how it came about. Version 0 is what the configuration says, while nobody has set another. */
export interface PolicyInForce {
  readonly version: number;
  readonly policy: ResponsePolicy;
  /** Absent of version 0. */
  readonly by?: By;
  /** ms since the Unix epoch; 0 of version 0. */
  readonly setAt: number;
}

/** Why a response policy was not set. The message is for a person; `problems` has one sentence for each thing to mend. */
export class PolicyRefused extends Error {
  readonly code: 'invalid' | 'changed' | 'no-such-version' | 'no-reason';
  readonly problems: readonly string[];

  constructor(code: PolicyRefused['code'], problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'PolicyRefused';
    this.code = code;
    this.problems = problems;
  }
}
