import { expect } from 'vitest';
import type { Normaliser } from '../../agent/agent-deps.ts';
import type { SourceNote } from '../../agent/core/source-note.ts';
import type { WatchOutput } from '../../agent/core/watch.ts';
import type { InForce } from '../../agent/core/watched.ts';
import { Rig } from './short-cut-rig.ts';

/** What happens to the agent, in order: bytes, notes of the source's adapter, what judges from then on, time that passes. */
export type Played =
  | Uint8Array
  | SourceNote
  | { readonly judgeBy: InForce | undefined }
  | { readonly tick: number };

/** Of a long story the long way forgets acts for want of room and looks at them once more; the short cut need not. */
const ofForgetting = ['behaviours.known', 'behaviours.expected', 'behaviours.not-learnable'];

/**
 * Plays the same to the agent's core with and without the short cut, and demands that both tell and count the same, of
 * the source too.
 *
 * @param isLong more different acts than a copy's known ones have room for
 * @returns how many records were answered at a look: what was not compared shows nothing
 */
export function playBothWays(normaliser: () => Normaliser, story: Iterable<Played>, isLong = false): number {
  const [short, long] = [new Rig(true, normaliser()), new Rig(false, normaliser())];
  for (const item of story) {
    for (const rig of [short, long]) {
      if (item instanceof Uint8Array) rig.read(item);
      else if ('judgeBy' in item) rig.judgeBy(item.judgeBy);
      else if ('tick' in item) rig.tick(item.tick);
      else rig.note(item);
    }
  }
  const [a, b] = [short.finish(), long.finish()];
  const told = ({ told: all }: typeof a) => all.filter((item) => !isLong || !isSupport(item));
  expect(told(a)).toEqual(told(b));
  const [counted, expected] = [a.counters, b.counters].map((counters) =>
    Object.fromEntries(Object.entries(counters).filter(([name]) => !isLong || !ofForgetting.includes(name))),
  );
  expect(counted).toEqual(expected);
  return a.answered;
}

/** What was looked at once more because it was forgotten is shown once more, in the phase of now. */
function isSupport(item: WatchOutput): boolean {
  return item.type === 'report' && item.report.type === 'support';
}

/** Bytes in pieces of odd lengths, as no source cuts them on purpose. */
export function* cutUp(bytes: Uint8Array, length = 4_099): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
