import { namesOf } from '../fingerprint/diff-names.ts';
import { entryWords } from '../fingerprint/explain-entry.ts';
import type { BehaviourSet } from '../fingerprint/fingerprint.ts';
import { entriesOf, type Grant, grantsOf } from '../fingerprint/grants.ts';
import { identityOf } from '../fingerprint/program.ts';

/** Each entry as a sentence: "`cart` connects to `redis.shop:6379`". */
export function grantSentences(grants: readonly Grant[]): readonly string[] {
  const nameOf = namesOf(grants.map((g) => g.program));
  return grants.map(({ program, entry }) => `${nameOf(program)} ${entryWords(entry)}`);
}

/** What an overlay grants, entry by entry. */
export function addedSentences(set: BehaviourSet): readonly string[] {
  return grantSentences(grantsOf(set));
}

/** What an overlay takes away; a program that is named without entries is taken away as a whole. */
export function removedSentences(set: BehaviourSet): readonly string[] {
  const nameOf = namesOf(set.programs.map(identityOf));
  return set.programs.flatMap((p) =>
    entriesOf(p).length === 0
      ? [`anything that ${nameOf(identityOf(p))} does`]
      : grantSentences(grantsOf({ programs: [p] })),
  );
}

/** As many as a person reads; the rest is counted. */
export function firstOf(sentences: readonly string[], most: number): readonly string[] {
  const more = sentences.length - most;
  return more <= 0 ? sentences : [...sentences.slice(0, most), `and ${more} more`];
}
