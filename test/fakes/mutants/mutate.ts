import { byteMutations } from './bytes.ts';
import type { Dice } from './dice.ts';
import { encodingMutations } from './encoding.ts';
import type { Document, Mutation } from './mutation.ts';
import { structureMutations } from './structure.ts';

const mutations: readonly (readonly [name: string, mutation: Mutation])[] = Object.entries({
  ...byteMutations,
  ...structureMutations,
  ...encodingMutations,
});
export const mutationNames = mutations.map(([name]) => name);

export interface Mutant {
  readonly bytes: Uint8Array;
  /** What was done to it, in order. */
  readonly how: readonly string[];
}

/** One mutation of the document, sometimes a second one on its bytes. */
export function mutate(document: Document, dice: Dice, others: readonly Document[]): Mutant {
  const [name, mutation] = dice.pick(mutations);
  const bytes = mutation(document, dice, others);
  if (bytes.length === 0 || dice.below(8) !== 0) return { bytes, how: [name] };
  const [second, again] = dice.pick(Object.entries(byteMutations));
  return { bytes: again({ ...document, bytes }, dice, others), how: [name, second] };
}
