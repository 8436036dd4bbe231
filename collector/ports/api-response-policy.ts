import type { Mode } from '../../fingerprint/verdict.ts';
import type { Scope } from './access.ts';
import type { By, PolicyCheckReport, PolicyInForce } from './response-policy.ts';

export type { PolicyCheckReport, PolicyInForce } from './response-policy.ts';

/** The response policy as the API serves it. What is refused is thrown as `PolicyRefused`. */
export interface ResponsePolicyService {
  readonly inForce: PolicyInForce;
  /** @param ifMatch the version that the document was made of */
  set(
    document: unknown,
    by: By,
    ifMatch: number,
  ): Promise<PolicyInForce & { readonly warnings: readonly string[] }>;
  /** The policy in force with another mode for whatever no rule is about. */
  setMode(mode: Mode, by: By, ifMatch: number): Promise<PolicyInForce>;
  setAgain(version: number, by: By, ifMatch: number): Promise<PolicyInForce>;
  /** Newest first. @param page `before`: only versions below it */
  history(page: { readonly before?: number; readonly limit: number }): Promise<readonly PolicyInForce[]>;
  /** @param since ms since the Unix epoch */
  check(document: unknown, since: number, scope: Scope): Promise<PolicyCheckReport>;
}
