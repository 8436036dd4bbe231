import type { Dice } from './dice.ts';

/** A signed document as a reader gets it. */
export interface Document {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Makes something else of `document`; the others are there to take pieces from. */
export type Mutation = (document: Document, dice: Dice, others: readonly Document[]) => Uint8Array;

/** What envelope and bundle have in common when they are taken apart; loose, for what is written may be anything. */
export interface Envelope {
  payload?: unknown;
  payloadType?: unknown;
  signatures?: unknown;
  [member: string]: unknown;
}

/** The envelope in a document of ours, inside its bundle where it is one. */
export function envelopeIn(root: Envelope): Envelope {
  return (root.dsseEnvelope as Envelope | undefined) ?? root;
}

export function parsed({ bytes }: Document): Envelope {
  return JSON.parse(Buffer.from(bytes).toString());
}

export function written(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** Takes the document apart, changes its envelope, puts it together again. */
export function onEnvelope(
  change: (envelope: Envelope, dice: Dice, others: readonly Document[]) => void,
): Mutation {
  return (document, dice, others) => {
    const root = parsed(document);
    change(envelopeIn(root), dice, others);
    return written(root);
  };
}

/** The signatures of an envelope of ours, which is always a list of objects. */
export function signaturesOf(envelope: Envelope): Record<string, unknown>[] {
  return envelope.signatures as Record<string, unknown>[];
}
