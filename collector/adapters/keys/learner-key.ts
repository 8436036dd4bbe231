import { signProvisional } from '../../../fingerprint/provisional.ts';
import type { Learner } from '../../ports.ts';
import { signingKey } from './signing-key.ts';

export interface LearnerKey {
  /** SPKI PEM, for the role `learner` of the agents' trust policy. */
  readonly publicFile: string;
  readonly learner: Learner;
}

/**
 * The key that signs what was learned. Apart from the command key, so that a policy can let a collector alert without
 * letting it give orders, and the other way round.
 * @throws CollectorError
 */
export function learnerKey(dir: string): LearnerKey {
  const { key, publicFile } = signingKey(dir, 'learner');
  return {
    publicFile,
    learner: { sign: (baseline, options) => signProvisional(baseline, options, key).envelope },
  };
}
