import { expect, it } from 'vitest';
import { Dice } from '../../../test/fakes/mutants/dice.ts';
import { mutate } from '../../../test/fakes/tracee-mutants/mutate.ts';
import { seedMessages } from '../../../test/fakes/tracee-mutants/seeds.ts';
import { traceeDialects } from '../normalise/tracee/dialect.ts';
import { newKeyBuffer } from './act-key.ts';
import { TraceeRaw } from './tracee-raw.ts';

const mutants = 4_000;
const junk = 12;

/** Everything that others see of a message, as long as it is one of an event. */
class Look {
  #asked: unknown[] = [];
  readonly #raw = new TraceeRaw({
    startOf: (...thread) => this.#ask('start', thread) + 1,
    timeOf: (told) => this.#ask('time', [told]) + 2,
    cgroupOf: (bytes, _, from, to) => this.#ask('cgroup', [...bytes.subarray(from, to)]) + 3,
  });

  at(bytes: Uint8Array, from: number, to: number, dialect: (typeof traceeDialects)[number]): unknown {
    this.#asked = [];
    const raw = this.#raw;
    raw.speak(dialect);
    const placed = raw.place(bytes, from, to);
    const { what, name, hasThreat } = raw;
    if (placed !== 'event') return { placed, what, hasThreat: placed === 'unknown' && hasThreat };
    const { pid, start, cgroup, time, row } = raw;
    const parts = [name, raw.containerId, raw.container, raw.k8s].map((part) =>
      part.to === 0 ? 'none' : Buffer.from(bytes.subarray(part.from, part.to)).toString('latin1'),
    );
    const key = newKeyBuffer();
    const words = raw.fillKey(key) ? [...key.words.subarray(0, key.length)] : [];
    const parent = raw.namedParent();
    return {
      what,
      hasThreat,
      pid,
      start,
      cgroup,
      time,
      row: row?.name,
      parts,
      words,
      parent,
      asked: this.#asked,
    };
  }

  #ask(what: string, args: readonly unknown[]): number {
    this.#asked.push(what, ...args);
    return 0;
  }
}

function padded(message: Uint8Array, offset: number, filling: number): Uint8Array {
  const bytes = new Uint8Array(offset + message.length + junk).fill(filling);
  bytes.set(message, offset);
  return bytes;
}

/** The same message but for a byte, which stands anywhere. */
function nearly(message: Uint8Array, dice: Dice): Uint8Array {
  const other = Uint8Array.from(message);
  const at = dice.below(other.length);
  other[at] = dice.pick([(other[at] ?? 0) ^ (1 << dice.below(8)), dice.below(256)]);
  return other;
}

it(`reads each of ${mutants} messages and what is like it as if it had read no other, wherever it lies`, () => {
  const dice = new Dice(1968);
  const look = new Look();
  const seeds = traceeDialects.map((dialect) => ({ dialect, messages: seedMessages(dialect) }));
  let events = 0;
  for (let n = 0; n < mutants; n++) {
    const { dialect, messages } = dice.pick(seeds);
    const seed = dice.pick(messages);
    const message = dice.pick([seed, nearly(seed, dice), mutate(seed, dice).bytes]);
    const anew = new Look().at(padded(message, 0, 0), 0, message.length, dialect);
    if (typeof anew === 'object' && anew !== null && 'row' in anew) events += 1;
    for (let times = 1 + dice.below(3); times > 0; times--) {
      const offset = dice.below(junk);
      const bytes = padded(message, offset, dice.below(256));
      expect(look.at(bytes, offset, offset + message.length, dialect)).toEqual(anew);
    }
  }
  // Else there was little to compare.
  expect(events).toBeGreaterThan(mutants / 2);
}, 60_000);
