import type { Dice } from '../mutants/dice.ts';
import { type Field, parse, responseShape, write } from './tree.ts';

export interface Mutant {
  readonly bytes: Uint8Array;
  /** Only what a lenient reader must still read was done to it. */
  readonly isHarmless: boolean;
}

type Change = (dice: Dice, message: Field[]) => void;

/** Every message in the message, itself included. */
function messagesIn(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap((f) => (Array.isArray(f.value) ? messagesIn(f.value) : []))];
}

function unknownField(dice: Dice): Field {
  const number = 100 + dice.below(5_000);
  const type = dice.pick([0, 1, 2, 5]);
  if (type === 0) return { number, type, value: BigInt(dice.below(2 ** 31)) };
  return { number, type, value: dice.bytes(type === 1 ? 8 : type === 5 ? 4 : dice.below(20)) };
}

function at(dice: Dice, message: Field[]): Field | undefined {
  return message[dice.below(message.length)];
}

const harmless: readonly Change[] = [
  // In another order.
  (dice, message) => {
    for (let i = message.length - 1; i > 0; i--) {
      const j = dice.below(i + 1);
      const [a, b] = [message[i], message[j]];
      if (a !== undefined && b !== undefined) [message[i], message[j]] = [b, a];
    }
  },
  // With a field nobody knows.
  (dice, message) => void message.splice(dice.below(message.length + 1), 0, unknownField(dice)),
  // Without one.
  (dice, message) => void message.splice(dice.below(message.length), 1),
  // Numbers written longer than need be.
  (dice, message) => {
    const field = at(dice, message);
    if (field !== undefined) field.long = true;
  },
  // In another wire type: a field of that number that nobody knows.
  (dice, message) => {
    const field = at(dice, message);
    if (field === undefined || Array.isArray(field.value)) return;
    field.type = field.type === 0 ? dice.pick([1, 2, 5]) : dice.pick([0, 1, 5]);
    field.value = field.type === 0 ? BigInt(dice.below(1000)) : dice.bytes(field.type === 1 ? 8 : 4);
  },
];

const harmful: readonly Change[] = [
  // Twice, the second time another.
  (dice, message) => {
    const field = at(dice, message);
    if (field === undefined) return;
    const value = typeof field.value === 'bigint' ? BigInt(dice.below(2 ** 31)) : field.value;
    message.splice(dice.below(message.length + 1), 0, { ...field, value });
  },
  // A number that is no time, no pid, no length.
  (dice, message) => {
    const field = message.find((f) => typeof f.value === 'bigint');
    if (field !== undefined)
      field.value = dice.pick([0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]);
  },
  // Text that is none, and other text.
  (dice, message) => {
    const field = message.find((f) => f.value instanceof Uint8Array && f.value.length > 0);
    if (!(field?.value instanceof Uint8Array)) return;
    field.value = dice.pick([Uint8Array.of(0xff, 0xfe), dice.bytes(dice.below(40)), field.value.slice(1)]);
  },
  // Another number for a field, or a group.
  (dice, message) => {
    const field = at(dice, message);
    if (field !== undefined && dice.below(2) === 0) field.number = 1 + dice.below(31);
    else if (field !== undefined) field.type = dice.pick([3, 4, 6, 7]);
  },
];

/** The same message, broken in one to four ways. */
export function mutate(original: Uint8Array, dice: Dice): Mutant {
  const fields = parse(original, responseShape);
  let isHarmless = true;
  for (let n = 1 + dice.below(4); n > 0; n--) {
    const gentle = dice.below(3) > 0;
    isHarmless &&= gentle;
    dice.pick(gentle ? harmless : harmful)(dice, dice.pick(messagesIn(fields)));
  }
  const bytes = write(fields);
  if (dice.below(4) > 0) return { bytes, isHarmless };
  return { bytes: torn(bytes, dice), isHarmless: false };
}

/** Cut short, with bytes changed, or with a length that says more than there is. */
function torn(bytes: Uint8Array, dice: Dice): Uint8Array {
  switch (dice.below(3)) {
    case 0:
      return bytes.slice(0, dice.below(bytes.length));
    case 1: {
      const changed = bytes.slice();
      for (let n = 1 + dice.below(5); n > 0; n--) changed[dice.below(changed.length)] = dice.below(256);
      return changed;
    }
    default: {
      const changed = bytes.slice();
      const place = dice.below(changed.length);
      changed.set([0xff, 0xff, 0xff, 0xff, 0x7f].slice(0, changed.length - place), place);
      return changed;
    }
  }
}
