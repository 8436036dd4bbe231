import type { Io } from '../io.ts';
import { styled, type Text } from '../text.ts';

/** Tells the story: numbered steps and what came of each. With `--json` it talks on stderr, so that stdout is data. */
export interface Narrator {
  step(title: string): void;
  say(text: Text): void;
  /** Something good that was checked. */
  good(text: string): void;
  /** Something the newcomer should look at: an incident. */
  loud(text: string): void;
}

export function narrator(io: Io, options: { readonly json: boolean }): Narrator {
  const print = options.json ? io.err : io.out;
  let step = 0;
  return {
    step(title) {
      step += 1;
      print('');
      print([styled('bold', `${step}. ${title}`)]);
    },
    say: (text) => print(typeof text === 'string' ? `   ${text}` : ['   ', ...text]),
    good: (text) => print([styled('green', '   ✓ '), text]),
    loud: (text) => print([styled('red', '   ! '), styled('bold', text)]),
  };
}
