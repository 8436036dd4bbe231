import type { Actor } from '../../../fingerprint/behaviour.ts';
import { ActDictionary, type DictionaryOptions } from './act-dictionary.ts';
import { newKeyBuffer } from './act-key.ts';
import { ActSet } from './act-set.ts';
import type { RawRecord } from './raw-record.ts';

/** A process as attribution keeps it: read at every answer, so that whatever befell it there counts here at once. */
export interface Doer {
  readonly actor: Actor | undefined;
  /** Below a program that is not in the fingerprint: what it does is evidence, never expected. */
  readonly outside: boolean;
}

/** Where an act counts, and what answers about it came from. Each epoch changes when earlier answers no longer hold. */
export interface Copy {
  /** Its set of known acts. */
  readonly known: { readonly epoch: number };
  /** The names of its peers. */
  readonly peers: { readonly epoch: number };
}

export interface HotPathOptions<D extends Doer> extends DictionaryOptions {
  /** Whose record that is, when no further look at the event could change who its process is. */
  readonly whoIs: (record: RawRecord) => D | undefined;
  /** Processes whose program is remembered; 32 768 is Linux's classic pid_max. */
  readonly maxProcesses?: number;
}

/** What is known of one program of one copy. */
interface Answers<C extends Copy> {
  readonly copy: C;
  readonly epoch: number;
  readonly generation: number;
  readonly acts: ActSet;
  readonly peers: Map<number, PeerHolds>;
}

/** How long an answer about a peer holds: while the copy's names are those of this epoch, and until a name runs out. */
interface PeerHolds {
  readonly epoch: number;
  /** µs since the Unix epoch. */
  readonly until: number;
}

/** Which program a process runs, as long as it is that process in that cgroup and attribution says so. */
interface Known<D extends Doer, C extends Copy> {
  readonly start: number;
  readonly cgroup: number;
  readonly doer: D;
  readonly actor: Actor;
  answers: Answers<C> | undefined;
}

/** Acts of one program: 256 KiB of table. */
const maxActs = 32_768;
/** Peers of one program: a proxy's, and no scanner's. */
const maxPeers = 4_096;

/**
 * Answers for raw records what the long way answered before: "the same program of the same copy did exactly this, and it
 * was nothing new". Nothing is decoded, and nothing is guessed: everything in the record that decides, the process, its
 * program and the copy's set of known acts must all be what they were. Each first time, whatever is not a plain act, and
 * every doubt go the long way.
 */
export class HotPath<D extends Doer, C extends Copy> {
  readonly #dictionary: ActDictionary;
  readonly #whoIs: (record: RawRecord) => D | undefined;
  readonly #key = newKeyBuffer();
  readonly #maxProcesses: number;
  readonly #processes = new Map<number, Known<D, C>>();
  readonly #answers = new WeakMap<Actor, Answers<C>>();

  constructor(options: HotPathOptions<D>) {
    this.#whoIs = options.whoIs;
    this.#dictionary = new ActDictionary(options);
    this.#maxProcesses = options.maxProcesses ?? 32_768;
  }

  /** @returns the copy whose known act it is; undefined: look closer. */
  find(record: RawRecord): C | undefined {
    const { what } = record;
    if (what !== 'act' && what !== 'peer') return undefined;
    const known = this.#knownOf(record);
    if (known === undefined || known.doer.actor !== known.actor || known.doer.outside) return undefined;
    known.answers ??= this.#answers.get(known.actor);
    const { answers } = known;
    if (answers === undefined || !this.#hold(answers)) {
      known.answers = undefined;
      return undefined;
    }
    if (!record.fillKey(this.#key)) return undefined;
    const act = answers.acts.find(this.#key, this.#dictionary.words);
    if (act === 0) return undefined;
    if (what === 'act') return answers.copy;
    const peer = answers.peers.get(act);
    const holds = peer !== undefined && peer.epoch === answers.copy.peers.epoch && record.time <= peer.until;
    return holds ? answers.copy : undefined;
  }

  /** Who acts, when that process runs a program of a copy; whatever it does. */
  doer(record: RawRecord): D | undefined {
    return this.#knownOf(record)?.doer;
  }

  /**
   * The long way found: this record was one act of `doer` as `actor`, and one that `copy` knew already.
   *
   * @param peerUntil for an act with a peer: µs since the epoch until when the peer is called what it is called now.
   */
  remember(record: RawRecord, doer: D, actor: Actor, copy: C, peerUntil?: number): void {
    const { what } = record;
    if (what !== 'act' && what !== 'peer') return;
    const known = this.#know(record, doer, actor);
    if (!record.fillKey(this.#key)) return;
    const act = this.#dictionary.offer(this.#key);
    if (act === 0) return;
    const answers = this.#answersOf(actor, copy);
    known.answers = answers;
    const { words } = this.#dictionary;
    if (answers.acts.find(this.#key, words) === 0) answers.acts.add(act, words);
    if (what === 'act') return;
    if (answers.peers.size >= maxPeers) answers.peers.clear();
    answers.peers.set(act, { epoch: copy.peers.epoch, until: peerUntil ?? Number.POSITIVE_INFINITY });
  }

  #hold({ copy, epoch, generation }: Answers<C>): boolean {
    return epoch === copy.known.epoch && generation === this.#dictionary.generation;
  }

  #answersOf(actor: Actor, copy: C): Answers<C> {
    const before = this.#answers.get(actor);
    if (before !== undefined && before.copy === copy && this.#hold(before)) return before;
    const { generation } = this.#dictionary;
    const fresh = { copy, epoch: copy.known.epoch, generation, acts: new ActSet(maxActs), peers: new Map() };
    this.#answers.set(actor, fresh);
    return fresh;
  }

  #knownOf(record: RawRecord): Known<D, C> | undefined {
    const known = this.#processes.get(record.pid);
    if (known !== undefined && known.actor === known.doer.actor && isThat(known, record)) return known;
    const doer = this.#whoIs(record);
    return doer?.actor === undefined ? undefined : this.#know(record, doer, doer.actor);
  }

  #know(record: RawRecord, doer: D, actor: Actor): Known<D, C> {
    const { pid, start, cgroup } = record;
    const before = this.#processes.get(pid);
    if (before !== undefined && before.doer === doer && before.actor === actor && isThat(before, record))
      return before;
    // Forgetting costs each process one more look; a table that only grows costs the node its memory.
    if (this.#processes.size >= this.#maxProcesses) this.#processes.clear();
    const known = { start, cgroup, doer, actor, answers: undefined };
    this.#processes.set(pid, known);
    return known;
  }
}

function isThat(known: { readonly start: number; readonly cgroup: number }, record: RawRecord): boolean {
  return known.start === record.start && known.cgroup === record.cgroup;
}
