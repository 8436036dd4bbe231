import type { Io } from '../io.ts';
import type { Outcome } from './ending.ts';
import type { Narrator } from './narrator.ts';

export async function playRecorded(
  _io: Io,
  narrator: Narrator,
  sentence: string,
): Promise<readonly Outcome[]> {
  narrator.say(sentence);
  return [];
}
