import type { GeneraliseRule } from './generalise-forms.ts';
import { pathRules } from './generalise-path-rules.ts';
import { segmentRules } from './generalise-segment-rules.ts';
import { argumentRules, nameRules } from './generalise-text-rules.ts';

/** Raise when a row changes what it accepts: a fingerprint says which table gave its entries their form. */
export const generaliserVersion = 2;

/** The whole generalisation table, in the order in which rows are tried (docs/format.md, generalisation). */
export const generaliseRules: readonly GeneraliseRule[] = [
  ...pathRules,
  ...segmentRules,
  ...argumentRules,
  ...nameRules,
];
