import type { Dice } from './dice.ts';
import { type Mutation, onEnvelope, signaturesOf } from './mutation.ts';

/** Ways to write, or nearly to write, the same bytes as base64. */
function otherBase64(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  const last = text.replace(/=+$/, '').length - 1;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return dice.pick([
    text.replaceAll('+', '-').replaceAll('/', '_'),
    text.replaceAll('=', ''),
    `${text}=`,
    `${text}==`,
    `${text.slice(0, at)} ${text.slice(at)}`,
    `${text.slice(0, at)}\n${text.slice(at)}`,
    `${text.slice(0, at)}!${text.slice(at + 1)}`,
    `${text.slice(0, at)}=${text.slice(at)}`,
    text.slice(0, -1),
    // Spare bits of the last character.
    text.slice(0, last) + dice.pick([...alphabet]) + text.slice(last + 1),
    text.slice(0, at) + dice.pick([...alphabet]) + text.slice(at + 1),
    text.replace('+', '-'),
    text.toLowerCase(),
    Buffer.from(text).toString('base64'),
    '',
  ]);
}

/** The content as somebody would have it who hopes that nobody looks at the signature, or reads it in another way. */
function otherContent(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  return dice.pick([
    text.replace(/[0-9]/g, (digit) => (dice.below(20) === 0 ? String(dice.below(10)) : digit)),
    text.replace('"alert"', '"kill"').replace('"read"', '"write"'),
    text.replaceAll(',', ', '),
    text.replace('{', '{ '),
    `${text}\n`,
    `${text} {}`,
    text.slice(0, at) + dice.pick(['\\u0061', ' ', '0', '"', '\u0000']) + text.slice(at),
    text.replace('"version":', '"version":99,"version":'),
    text.replace('"predicateType":', '"PredicateType":"x","predicateType":'),
    text.replace('/', '\\/'),
    text.slice(0, at),
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).toReversed())),
  ]);
}

export const encodingMutations: Readonly<Record<string, Mutation>> = {
  'base64 of the content': onEnvelope((envelope, dice) => {
    envelope.payload = otherBase64(String(envelope.payload), dice);
  }),
  'base64 of a signature': onEnvelope((envelope, dice) => {
    const signature = dice.pick(signaturesOf(envelope));
    signature.sig = otherBase64(String(signature.sig), dice);
  }),
  'the content itself': onEnvelope((envelope, dice) => {
    const text = Buffer.from(String(envelope.payload), 'base64').toString();
    envelope.payload = Buffer.from(otherContent(text, dice)).toString('base64');
  }),
  'the bytes of a signature': onEnvelope((envelope, dice) => {
    const signature = dice.pick(signaturesOf(envelope));
    const sig = Buffer.from(String(signature.sig), 'base64');
    signature.sig = otherSignature(sig, dice).toString('base64');
  }),
};

/** The orders of Ed25519's base point and of P-256's: what can be added to, or taken from, without changing a residue. */
const ed25519Order = 2n ** 252n + 27742317777372353535851937790883648493n;
const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function otherSignature(sig: Buffer, dice: Dice): Buffer {
  const at = dice.below(sig.length);
  const flipped = Buffer.from(sig);
  flipped[at] = (sig[at] ?? 0) ^ (1 << dice.below(8));
  const [head, tail] = [sig.subarray(0, 32), sig.subarray(32)];
  return dice.pick([
    flipped,
    sig.subarray(0, at),
    Buffer.concat([sig, dice.bytes(1)]),
    Buffer.concat([head, shifted(Buffer.from(tail).reverse(), ed25519Order, tail.length).reverse()]),
    Buffer.concat([head, shifted(tail, p256Order, tail.length)]),
    Buffer.concat([tail, head]),
    Buffer.alloc(64),
    Buffer.from(dice.bytes(64)),
    Buffer.from(sig.toString('hex')),
  ]);
}

/** A big-endian number with the order added, cut to its length. */
function shifted(bytes: Buffer, order: bigint, length: number): Buffer {
  const value = BigInt(`0x0${bytes.toString('hex')}`) + order;
  return Buffer.from(
    value
      .toString(16)
      .padStart(2 * length, '0')
      .slice(-2 * length),
    'hex',
  );
}
