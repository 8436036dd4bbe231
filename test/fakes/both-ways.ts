import { expect } from 'vitest';
import type { Normaliser } from '../../agent/agent-deps.ts';
import type { SourceNote } from '../../agent/core/source-note.ts';
import type { InForce } from '../../agent/core/watched.ts';
import { Rig } from './short-cut-rig.ts';

/** What a source delivers, in order: bytes, what its adapter notes, and what judges from then on. */
export type Played = Uint8Array | SourceNote | { readonly judgeBy: InForce | undefined };

/**
 * Plays the same to the agent's core with and without the short cut, and demands that both tell and count the same, of
 * the source too.
 *
 * @returns how many records were answered at a look: what was not compared shows nothing
 */
export function playBothWays(normaliser: () => Normaliser, story: Iterable<Played>): number {
  const [short, long] = [new Rig(true, normaliser()), new Rig(false, normaliser())];
  for (const item of story) {
    for (const rig of [short, long]) {
      if (item instanceof Uint8Array) rig.read(item);
      else if ('judgeBy' in item) rig.judgeBy(item.judgeBy);
      else rig.note(item);
    }
  }
  const [a, b] = [short.finish(), long.finish()];
  expect(a.told).toEqual(b.told);
  expect(a.counters).toEqual(b.counters);
  return a.answered;
}

/** Bytes in pieces of odd lengths, as no source cuts them on purpose. */
export function* cutUp(bytes: Uint8Array, length = 4_099): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
