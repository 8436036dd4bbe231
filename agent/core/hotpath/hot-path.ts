import type { Actor } from '../../../fingerprint/behaviour.ts';
import { recordHead as head, microsAt } from '../normalise/sensor-record.ts';
import { RecordCache } from './record-cache.ts';
import { fillKey, isRepeatable, newKeyBuffer } from './sensor-key.ts';

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

export interface HotPathOptions<D extends Doer> {
  /** Whose record that is, when no further look at the event could change who its process is. */
  readonly whoIs: (view: DataView, at: number) => D | undefined;
  /** Power of two; 65 536 = 1.3 MiB. Behaviours in steady use on a node, not all that were ever learned. */
  readonly slots?: number;
  /** 2 Mi words = 8 MiB: 65 536 records with a path of 50 characters. */
  readonly arenaWords?: number;
  /** Processes whose program is remembered; 32 768 is Linux's classic pid_max. */
  readonly maxProcesses?: number;
}

/** A whole record, `length` bytes at `at`. */
export interface RawRecord {
  readonly view: DataView;
  readonly at: number;
  readonly length: number;
}

/** Which program a process runs, as long as it is that process in that cgroup and attribution says so. */
interface Known<D extends Doer> {
  readonly startLow: number;
  readonly startHigh: number;
  readonly cgroupLow: number;
  readonly cgroupHigh: number;
  readonly doer: D;
  readonly actor: Actor;
  readonly actorId: number;
}

interface Answer<C extends Copy> {
  readonly copy: C;
  readonly epoch: number;
  readonly peer: PeerHolds | undefined;
}

/** How long an answer about a peer holds: while the copy's names are those of this epoch, and until a name runs out. */
interface PeerHolds {
  readonly epoch: number;
  /** µs since boot. */
  readonly until: number;
}

/** One per copy and time its known acts were emptied, and one per peer and time its name ran out. */
const maxAnswers = 16_384;

/**
 * Answers for raw records of the sensor what the long way answered before: "the same program of the same copy did
 * exactly this, and it was nothing new". Nothing is decoded, and nothing is guessed: the record's own bytes, the
 * process, its program and the copy's set of known acts must all be what they were. Each first time, whatever is not a
 * plain act on a file, and every doubt go the long way.
 */
export class HotPath<D extends Doer, C extends Copy> {
  readonly #cache: RecordCache;
  readonly #whoIs: (view: DataView, at: number) => D | undefined;
  readonly #key = newKeyBuffer();
  readonly #maxProcesses: number;
  readonly #processes = new Map<number, Known<D>>();
  readonly #actorIds = new WeakMap<Actor, number>();
  #lastActorId = 0;
  #answers: Answer<C>[] = [];
  readonly #answerOf = new Map<C, number>();

  constructor(options: HotPathOptions<D>) {
    this.#whoIs = options.whoIs;
    this.#cache = new RecordCache({
      slots: options.slots ?? 65_536,
      arenaWords: options.arenaWords ?? 2 << 20,
    });
    this.#maxProcesses = options.maxProcesses ?? 32_768;
  }

  /**
   * The record of `length` bytes at `at`, which must be whole.
   *
   * @returns the copy whose known act it is; undefined: look closer.
   */
  find(view: DataView, at: number, length: number): C | undefined {
    if (!isRepeatable(view, at)) return undefined;
    const known = this.#knownOf(view, at);
    if (known === undefined) return undefined;
    if (known.doer.actor !== known.actor || known.doer.outside) return undefined;
    if (!fillKey(this.#key, known.actorId, view, at, length)) return undefined;
    const answer = this.#answers[this.#cache.find(this.#key)];
    if (answer === undefined || answer.epoch !== answer.copy.known.epoch) return undefined;
    const { copy, peer } = answer;
    if (peer === undefined) return copy;
    return peer.epoch === copy.peers.epoch && microsAt(view, at + head.time) <= peer.until ? copy : undefined;
  }

  /** Who acts, when that process runs a program of a copy; whatever it does. */
  doer(view: DataView, at: number): D | undefined {
    return this.#knownOf(view, at)?.doer;
  }

  /**
   * The long way found: this record was one act of `doer` as `actor`, and one that `copy` knew already.
   *
   * @param peerUntil for a connect: µs since boot until when its peer is called what it is called now.
   */
  remember(raw: RawRecord, doer: D, actor: Actor, copy: C, peerUntil?: number): void {
    const { view, at, length } = raw;
    if (!isRepeatable(view, at)) return;
    const { actorId } = this.#know(view, at, doer, actor);
    if (fillKey(this.#key, actorId, view, at, length))
      this.#cache.offer(this.#key, this.#answerFor(copy, peerUntil));
  }

  #knownOf(view: DataView, at: number): Known<D> | undefined {
    const known = this.#processes.get(view.getUint32(at + head.pid, true));
    if (known !== undefined && known.actor === known.doer.actor && isThat(known, view, at)) return known;
    const doer = this.#whoIs(view, at);
    return doer?.actor === undefined ? undefined : this.#know(view, at, doer, doer.actor);
  }

  #idOf(actor: Actor): number {
    const known = this.#actorIds.get(actor);
    if (known !== undefined) return known;
    this.#lastActorId += 1;
    this.#actorIds.set(actor, this.#lastActorId);
    return this.#lastActorId;
  }

  #know(view: DataView, at: number, doer: D, actor: Actor): Known<D> {
    const pid = view.getUint32(at + head.pid, true);
    const before = this.#processes.get(pid);
    if (before !== undefined && before.doer === doer && before.actor === actor && isThat(before, view, at))
      return before;
    // Forgetting costs each process one more look; a table that only grows costs the node its memory.
    if (this.#processes.size >= this.#maxProcesses) this.#processes.clear();
    const known: Known<D> = {
      startLow: view.getInt32(at + head.start, true),
      startHigh: view.getInt32(at + head.start + 4, true),
      cgroupLow: view.getInt32(at + head.cgroup, true),
      cgroupHigh: view.getInt32(at + head.cgroup + 4, true),
      doer,
      actor,
      actorId: this.#idOf(actor),
    };
    this.#processes.set(pid, known);
    return known;
  }

  #answerFor(copy: C, peerUntil: number | undefined): number {
    const { epoch } = copy.known;
    if (peerUntil !== undefined)
      return this.#keep({ copy, epoch, peer: { epoch: copy.peers.epoch, until: peerUntil } });
    const known = this.#answerOf.get(copy);
    if (known !== undefined && this.#answers[known]?.epoch === epoch) return known;
    const index = this.#keep({ copy, epoch, peer: undefined });
    this.#answerOf.set(copy, index);
    return index;
  }

  #keep(answer: Answer<C>): number {
    if (this.#answers.length >= maxAnswers) this.#forgetAnswers();
    return this.#answers.push(answer) - 1;
  }

  /** The cache refers to answers by number: both go together. */
  #forgetAnswers(): void {
    this.#cache.clear();
    this.#answers = [];
    this.#answerOf.clear();
  }
}

function isThat(known: Known<Doer>, view: DataView, at: number): boolean {
  return (
    known.startLow === view.getInt32(at + head.start, true) &&
    known.startHigh === view.getInt32(at + head.start + 4, true) &&
    known.cgroupLow === view.getInt32(at + head.cgroup, true) &&
    known.cgroupHigh === view.getInt32(at + head.cgroup + 4, true)
  );
}
