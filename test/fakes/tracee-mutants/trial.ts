import { newKeyBuffer } from '../../../agent/core/hotpath/act-key.ts';
import type { RawRecord } from '../../../agent/core/hotpath/raw-record.ts';
import { type TraceeDialect, traceeDialects } from '../../../agent/core/normalise/tracee/dialect.ts';
import { createTraceeNormaliser } from '../../../agent/core/normalise/tracee/tracee.ts';
import type { Event } from '../../../fingerprint/event.ts';
import { Dice } from '../mutants/dice.ts';
import { fakeNodeView } from '../node-views.ts';
import { grpcFramed } from '../tracee-messages.ts';
import { mutate } from './mutate.ts';
import { Oracle } from './oracle.ts';
import { seedBoot, seedContainer, seedMessages } from './seeds.ts';

const releases: Readonly<Record<TraceeDialect, string>> = {
  'v0.20': 'v0.20.0',
  'v0.21': 'v0.22.4',
  'v0.22.5': 'v0.24.1',
  main: 'main',
};
/** Keys whose meaning is remembered; begun anew when there are more. */
const maxKeys = 50_000;

interface Reading {
  readonly events: readonly Event[];
  readonly refused: boolean;
  readonly unreadable: boolean;
  readonly key: string | undefined;
}

/** Mutated messages, each read by our reader and by protobufjs, and what became of them. */
export class TraceeTrials {
  readonly tally = { mutants: 0, understood: 0, alike: 0, refused: 0, keys: 0 };
  readonly #dice: Dice;
  readonly #sides = traceeDialects.map((dialect) => ({
    dialect,
    oracle: new Oracle(dialect),
    seeds: seedMessages(dialect),
  }));
  readonly #key = newKeyBuffer();
  readonly #meanings = new Map<string, string>();

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  /** @throws Error naming the mutant, when the two disagree */
  run(count: number): void {
    for (let n = 0; n < count; n++) this.#one();
  }

  #one(): void {
    const { dialect, oracle, seeds } = this.#dice.pick(this.#sides);
    const { bytes, isHarmless } = mutate(this.#dice.pick(seeds), this.#dice);
    this.tally.mutants += 1;
    const ours = this.#read(bytes, dialect);
    const theirs = oracle.understand(bytes);
    if (ours.refused) this.tally.refused += 1;
    if (theirs === undefined || theirs.isAmbiguous) return;
    this.tally.understood += 1;
    if (ours.refused) {
      if (isHarmless && theirs.hasEvent && !this.#read(theirs.plain, dialect).refused)
        throw disagree('refused, and nothing is wrong with it', bytes, dialect);
      return;
    }
    const plain = this.#read(theirs.plain, dialect);
    if (plain.refused) throw disagree('read, though what it says is refused', bytes, dialect);
    // What is broken inside an argument that decides is unreadable here, and merged or passed over there.
    if (ours.unreadable && !isHarmless) return;
    if (!isAlike(ours.events, plain.events, isHarmless))
      throw disagree(`${JSON.stringify(ours.events)} for ${JSON.stringify(plain.events)}`, bytes, dialect);
    this.tally.alike += 1;
    this.#compareKey(ours.key, theirs.deciding, bytes, dialect);
  }

  #compareKey(key: string | undefined, deciding: string, bytes: Uint8Array, dialect: TraceeDialect): void {
    if (key === undefined) return;
    this.tally.keys += 1;
    const name = `${dialect} ${key}`;
    const known = this.#meanings.get(name);
    if (known !== undefined && known !== deciding)
      throw disagree(`${known} and ${deciding} have one key`, bytes, dialect);
    if (this.#meanings.size >= maxKeys) this.#meanings.clear();
    this.#meanings.set(name, deciding);
  }

  #read(bytes: Uint8Array, dialect: TraceeDialect): Reading {
    const normaliser = createTraceeNormaliser(view);
    normaliser.note({ type: 'connected', version: releases[dialect] });
    let key: string | undefined;
    const events: Event[] = [];
    const watcher = {
      skips: (record: RawRecord): boolean => {
        if (record.fillKey(this.#key)) key = this.#key.words.slice(0, this.#key.length).join();
        return false;
      },
      gave: (_: RawRecord, given: readonly Event[]): void => void events.push(...given),
    };
    normaliser.push(grpcFramed(bytes), watcher);
    const counters = normaliser.counters();
    return {
      events,
      refused: (counters['tracee.malformed'] ?? 0) > 0,
      unreadable: (counters['tracee.unreadable'] ?? 0) > 0,
      key,
    };
  }
}

const view = fakeNodeView({
  bootOffset: seedBoot,
  places: new Map([[seedContainer, { id: 44, path: '/copy' }]]),
});

/** A parent that is broken is left out: protobufjs passes over a group in it, which is refused here. */
function isAlike(ours: readonly Event[], plain: readonly Event[], isHarmless: boolean): boolean {
  return (
    ours.length === plain.length &&
    ours.every((event, i) => {
      const { parent: _, ...rest } = plain[i] ?? event;
      const same = event.parent === undefined && !isHarmless ? rest : { ...plain[i] };
      return JSON.stringify(event) === JSON.stringify(same);
    })
  );
}

function disagree(what: string, bytes: Uint8Array, dialect: TraceeDialect): Error {
  return new Error(`${what}: ${dialect} ${Buffer.from(bytes).toString('hex')}`);
}
