import type { Mutation } from './mutation.ts';

/** Characters that end, begin or split what JSON and base64 are made of. */
const telling = Buffer.from('"{}[]:,\\/ \t\n=+-_0e.\u0000');

/** Changes by somebody who knows nothing of the form. */
export const byteMutations: Readonly<Record<string, Mutation>> = {
  'flipped bits': ({ bytes }, dice) => {
    const out = Buffer.from(bytes);
    for (let n = 1 + dice.below(4); n > 0; n--) {
      const at = dice.below(out.length);
      out[at] = (out[at] ?? 0) ^ (1 << dice.below(8));
    }
    return out;
  },
  'a byte of another value': ({ bytes }, dice) => {
    const out = Buffer.from(bytes);
    out[dice.below(out.length)] = dice.pick([dice.below(256), dice.pick([...telling]), 0xff, 0x00]);
    return out;
  },
  truncated: ({ bytes }, dice) => bytes.subarray(0, dice.below(bytes.length)),
  'a range left out': ({ bytes }, dice) => {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(64))]);
  },
  'a range twice': ({ bytes }, dice) => {
    const at = dice.below(bytes.length);
    const end = Math.min(bytes.length, at + 1 + dice.below(200));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  },
  'bytes put in': ({ bytes }, dice) => {
    const at = dice.below(bytes.length + 1);
    const what = dice.pick([dice.bytes(1 + dice.below(6)), Buffer.from([dice.pick([...telling])])]);
    return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
  },
  'the head of one and the tail of another': ({ bytes }, dice, others) => {
    const other = dice.pick(others).bytes;
    const at = dice.below(bytes.length);
    // Half of the time at the same place, where most of the structure still fits.
    const from = dice.below(2) === 0 ? Math.min(at, other.length) : dice.below(other.length);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
  },
  'one behind the other': ({ bytes }, dice, others) =>
    Buffer.concat([bytes, Buffer.from(dice.pick(['', '\n', ',', '\u0000'])), dice.pick(others).bytes]),
};
