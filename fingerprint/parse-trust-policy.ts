import { documentKind } from './document-kind.ts';
import { policyPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { PolicyReader } from './trust-policy-reader.ts';

/**
 * Reads a trust policy. Unknown members are refused: a constraint that is ignored would widen trust.
 * @throws POLICY_SYNTAX with all problems at once, WEAK_KEY when bad keys are the only problem
 */
export function parseTrustPolicy(value: unknown): TrustPolicy {
  const kind = documentKind(value);
  if (kind !== undefined && kind !== 'a trust policy') {
    const isSigned = Object(value).payloadType === policyPayloadType;
    throw new FingerprintError(
      'POLICY_SYNTAX',
      isSigned
        ? 'is a signed trust policy; name the unsigned one that it was made of'
        : `is ${kind}, not a trust policy; make one with \`whorl trust init\``,
    );
  }
  return new PolicyReader().read(value);
}
