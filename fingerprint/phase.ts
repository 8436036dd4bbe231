/**
 * A copy's life in two parts that are learned and judged apart (DESIGN §5): `start` ends with the first listener, or after
 * `startUs`; whatever runs for longer without one is no start any more. What was found running is `steady`.
 */
export const phases = ['start', 'steady'] as const;
export type Phase = (typeof phases)[number];

/** µs. */
export const startUs = 60_000_000;
