import { sha256Hex } from '../../../fingerprint/digest.ts';
import { open } from '../../../fingerprint/envelope.ts';
import { FingerprintError } from '../../../fingerprint/errors.ts';
import { Dice } from './dice.ts';
import {
  type Accepted,
  hostile,
  type ReaderName,
  type Readers,
  readerNames,
  readers,
  trusted,
} from './documents.ts';
import { mutate } from './mutate.ts';
import type { Document } from './mutation.ts';

const anyType = [
  'application/vnd.in-toto+json',
  'application/vnd.whorl.trust-policy.v1+json',
  'application/vnd.whorl.command.v1+json',
  'application/vnd.whorl.lease.v1+json',
];
const all: readonly Document[] = [...trusted, ...hostile];
const ownReaders = new Map<string, readonly ReaderName[]>(trusted.map((t) => [t.name, t.readers]));

/** Who signed which payload, by reader that may believe it: the whole truth about what is to be accepted. */
const truth = new Map<string, ReadonlySet<string>>();
for (const { bytes, readers: by, signers } of trusted) {
  const digest = `sha256:${sha256Hex(open(bytes, anyType).payload)}`;
  for (const reader of by) {
    const key = `${reader} ${digest}`;
    truth.set(key, new Set([...(truth.get(key) ?? []), ...signers]));
  }
}

export interface Tally {
  readonly mutants: number;
  readonly accepted: number;
  /** How often each code refused. */
  readonly codes: ReadonlyMap<string, number>;
  /** Mutations that were used. */
  readonly used: ReadonlySet<string>;
}

/** Trials from one seed, in steps, so that a caller may let others run in between. */
export class Trials {
  readonly #dice: Dice;
  readonly #codes = new Map<string, number>();
  readonly #used = new Set<string>();
  readonly #seed: number;
  #mutants = 0;
  #accepted = 0;

  readonly #readers: Readers;

  /** @param given other readers than the real ones, to see that this finds what is wrong with them */
  constructor(seed: number, given: Readers = readers) {
    this.#seed = seed;
    this.#dice = new Dice(seed);
    this.#readers = given;
  }

  get tally(): Tally {
    return { mutants: this.#mutants, accepted: this.#accepted, codes: this.#codes, used: this.#used };
  }

  /** @throws when one is accepted that nobody signed, or refused by anything but a typed error: with all that is needed to see it again */
  run(mutants: number): void {
    for (let n = 0; n < mutants; n++) {
      const document = this.#dice.pick(all);
      const { bytes, how } = mutate(document, this.#dice, all);
      for (const name of how) this.#used.add(name);
      const told = `mutant ${this.#mutants} of seed ${this.#seed} (${document.name}: ${how.join(', ')})`;
      // By those who would read it, and by one who would not.
      const own = ownReaders.get(document.name) ?? [this.#dice.pick(readerNames)];
      for (const reader of new Set([...own, this.#dice.pick(readerNames)])) this.#try(reader, bytes, told);
      this.#mutants++;
    }
  }

  #try(reader: ReaderName, bytes: Uint8Array, told: string): void {
    const text = (): string => `${told}, read as ${reader}: ${Buffer.from(bytes).toString('base64')}`;
    const believed = this.#read(reader, bytes, text);
    if (believed === undefined) return;
    const really = truth.get(`${reader} ${believed.digest}`);
    if (really === undefined) throw new Error(`accepted what nobody signed for it: ${text()}`);
    const added = (believed.signers ?? []).filter((id) => !really.has(id));
    if (added.length > 0) throw new Error(`took it for the word of ${added.join(', ')}: ${text()}`);
    this.#accepted++;
  }

  /** What the reader believes; undefined when it refuses. */
  #read(reader: ReaderName, bytes: Uint8Array, text: () => string): Accepted | undefined {
    try {
      return this.#readers[reader](bytes);
    } catch (error) {
      if (!(error instanceof FingerprintError))
        throw new Error(`no typed refusal: ${text()}`, { cause: error });
      this.#codes.set(error.code, (this.#codes.get(error.code) ?? 0) + 1);
      return undefined;
    }
  }
}
