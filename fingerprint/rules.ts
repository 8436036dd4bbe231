import type { RuleVersion } from './fingerprint.ts';
import { generaliserVersion } from './generalise-rules.ts';
import { sensitiveVersion } from './sensitive.ts';

/** The rules this code learns by. What was learned under others is judged by others, or learned again. */
export const currentRules: RuleVersion = {
  // 2: opens tell their origin, peers are called by what they are.
  normaliser: 2,
  generaliser: generaliserVersion,
  sensitive: sensitiveVersion,
};
