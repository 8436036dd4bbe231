import { meaningOf } from '../normalise/tetragon/act.ts';
import { readWire } from '../normalise/tetragon/from-wire.ts';
import type { Hook } from '../normalise/tetragon/hook.ts';
import { hooks } from '../normalise/tetragon/hooks.ts';
import { type ActNumbers, type Argument, actNumbers, numberOf } from '../normalise/tetragon/messages.ts';
import { type KeyBuffer, seal } from './act-key.ts';
import type { RawRecord } from './raw-record.ts';
import { Wire } from './wire.ts';

/** What the normaliser knows of the process that has a pid now. */
interface KnownProcess {
  readonly ref: { readonly pid: number; readonly start: number };
  /** Its latest image, by the bytes of its id, and where that lives; 0: not known. */
  readonly id: { readonly bytes: Uint8Array; readonly cgroup: number };
  /** The kernel puts an image in place: what it maps is nothing that the process does. */
  readonly next: object | undefined;
}

interface KnownProcesses {
  latest(pid: number): KnownProcess | undefined;
}

const noBytes = new Uint8Array();
const noNumbers: ActNumbers = { process: 0, function: 0, policy: 0, args: 0, return: 0 };

/** Arguments that are looked at: the kernel has five at most, and one that it returns. */
const maxSpans = 6;

/**
 * A response of Tetragon at a glance: which process, by the bytes of its id, and which of our hooks; the arguments as they
 * lie there are the key. What the normaliser has not met yet takes the long way.
 */
export class TetragonRawRecord implements RawRecord {
  what: RawRecord['what'] = 'other';
  pid = 0;
  start = 0;
  cgroup = 0;
  time = 0;
  readonly #top = new Wire();
  readonly #event = new Wire();
  readonly #inner = new Wire();
  readonly #deep = new Wire();
  #bytes: Uint8Array = noBytes;
  #numbers: ActNumbers = noNumbers;
  readonly #act = new Span();
  readonly #process = new Span();
  readonly #function = new Span();
  readonly #policy = new Span();
  readonly #returned = new Span();
  readonly #args = Array.from({ length: maxSpans }, () => new Span());
  readonly #spans = [this.#process, this.#function, this.#policy, this.#returned, ...this.#args];
  #argCount = 0;
  #hook = -1;

  place(bytes: Uint8Array, from: number, to: number, processes: KnownProcesses): this {
    this.what = 'other';
    this.#bytes = bytes;
    if (!this.#findAct(from, to) || !this.#isKnown(processes)) return this;
    this.#hook = hookAt(bytes, this.#policy, this.#function);
    const hook = hooks[this.#hook];
    if (hook === undefined || hook.what === 'other') return this;
    if (hook.what !== 'accept' || this.#tellsPeer(hook)) this.what = hook.what;
    return this;
  }

  fillKey(key: KeyBuffer): boolean {
    const { words } = key;
    words[0] = this.#hook;
    let n = 1;
    for (let i = 0; i < this.#argCount && n >= 0; i++)
      n = copySpan(words, n, this.#bytes, this.#args[i] as Span);
    if (n >= 0) n = copySpan(words, n, this.#bytes, this.#returned);
    return n >= 0 && seal(key, n);
  }

  /** The time, the one event of a process's act, and where its parts lie. */
  #findAct(from: number, to: number): boolean {
    const top = this.#top.place(this.#bytes, from, to);
    this.time = 0;
    this.#numbers = noNumbers;
    while (top.next()) if (!this.#takeTop(top)) return false;
    if (top.broken || this.time <= 0 || this.#numbers === noNumbers) return false;
    return this.#findParts(this.#act.from, this.#act.to);
  }

  /** @returns false: not to be seen at a glance */
  #takeTop(top: Wire): boolean {
    const { field } = top;
    if (field === numberOf.time) {
      this.time = top.type === 2 ? this.#readTime(top.from, top.to) : 0;
      return this.time > 0;
    }
    if (!isEvent(field)) return true;
    // A second event in one response: whichever counts.
    if (top.type !== 2 || this.#numbers !== noNumbers) return false;
    this.#numbers = actNumbers[field] ?? noNumbers;
    this.#act.set(top);
    return this.#numbers !== noNumbers;
  }

  #findParts(from: number, to: number): boolean {
    const event = this.#event.place(this.#bytes, from, to);
    this.#argCount = 0;
    for (const span of this.#spans) span.clear();
    while (event.next()) {
      if (event.field === this.#numbers.args && this.#argCount === maxSpans) return false;
      const span = this.#spanOf(event.field);
      if (span === undefined) continue;
      // A part that is no part, or stands there twice: not such a message as is seen at a glance.
      if (event.type !== 2 || span.to > 0) return false;
      span.set(event);
    }
    return !event.broken;
  }

  #spanOf(field: number): Span | undefined {
    const numbers = this.#numbers;
    switch (field) {
      case numbers.process:
        return this.#process;
      case numbers.function:
        return this.#function;
      case numbers.policy:
        return this.#policy;
      case numbers.return:
        return this.#returned;
      case numbers.args:
        return this.#args[this.#argCount++];
      default:
        return undefined;
    }
  }

  /** It is the process that has the pid now, in the image it is known by. */
  #isKnown(processes: KnownProcesses): boolean {
    const inner = this.#inner.place(this.#bytes, this.#process.from, this.#process.to);
    let [from, to, pid] = [0, 0, 0];
    while (inner.next()) {
      if (inner.type !== 2) continue;
      if (inner.field === numberOf.execId) [from, to] = [inner.from, inner.to];
      else if (inner.field === numberOf.pid) pid = this.#readNumber(inner.from, inner.to);
    }
    if (inner.broken || pid <= 0) return false;
    const known = processes.latest(pid);
    if (known === undefined || known.id.cgroup === 0 || known.next !== undefined) return false;
    if (!isEqual(this.#bytes, from, to, known.id.bytes)) return false;
    this.pid = pid;
    this.start = known.ref.start;
    this.cgroup = known.id.cgroup;
    return true;
  }

  /** Whether the normaliser will make an event of it: who came is counted by that alone. */
  #tellsPeer(hook: Hook): boolean {
    const args: Argument[] = [];
    for (let i = 0; i < this.#argCount; i++) {
      const arg = this.#argument(this.#args[i] as Span);
      if (arg === undefined) return false;
      args.push(arg);
    }
    const returned = this.#argument(this.#returned);
    const meaning = meaningOf(hook, args, returned);
    return meaning !== undefined && meaning !== 'malformed';
  }

  #argument({ from, to }: Span): Argument | undefined {
    return readWire('KprobeArgument', this.#bytes, from, to);
  }

  /** google.protobuf.Timestamp in µs; 0: none. */
  #readTime(from: number, to: number): number {
    const inner = this.#inner.place(this.#bytes, from, to);
    let [seconds, nanos] = [0, 0];
    while (inner.next()) {
      if (inner.type !== 0) return 0;
      if (inner.field === 1) seconds = inner.value;
      else if (inner.field === 2) nanos = inner.low;
    }
    if (inner.broken || seconds > lastSecond || nanos > 999_999_999) return 0;
    return seconds * 1_000_000 + Math.floor(nanos / 1000);
  }

  #readNumber(from: number, to: number): number {
    const inner = this.#deep.place(this.#bytes, from, to);
    let value = 0;
    while (inner.next()) {
      if (inner.type !== 0) return 0;
      if (inner.field === 1) value = inner.low;
    }
    return inner.broken ? 0 : value;
  }
}

/** 2255, as far as a double holds microseconds. */
const lastSecond = 9_007_199_254;

class Span {
  from = 0;
  to = 0;

  set({ from, to }: Wire): void {
    this.from = from;
    this.to = to;
  }

  clear(): void {
    this.from = 0;
    this.to = 0;
  }
}

/** `node_name` and the like have numbers from 1000 on. */
function isEvent(field: number): boolean {
  return field < 1000 || field >= 40_000;
}

function isEqual(bytes: Uint8Array, from: number, to: number, other: Uint8Array): boolean {
  if (to - from !== other.length || other.length === 0) return false;
  for (let i = 0; i < other.length; i++) if (bytes[from + i] !== other[i]) return false;
  return true;
}

const encoder = new TextEncoder();
const spelled = hooks.map(({ policy, call }) => [encoder.encode(policy), encoder.encode(call)] as const);
const byHash = new Map(spelled.map(([policy, call], i) => [hashOf(hashOf(0, policy), call), i]));

/** Which of our hooks it is; -1: none, or a system call under its architecture's name. */
function hookAt(bytes: Uint8Array, policy: Span, call: Span): number {
  const hash = hashOf(hashOf(0, bytes, policy.from, policy.to), bytes, call.from, call.to);
  const at = byHash.get(hash) ?? -1;
  const names = spelled[at];
  if (names === undefined) return -1;
  const isIt =
    isEqual(bytes, policy.from, policy.to, names[0]) && isEqual(bytes, call.from, call.to, names[1]);
  return isIt ? at : -1;
}

function hashOf(seed: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let hash = seed ^ (to - from);
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x0100_0193);
  return hash;
}

/** Its length and its bytes, four to a word. @returns the next free word, or -1 when there is no room */
function copySpan(words: Int32Array, at: number, bytes: Uint8Array, { from, to }: Span): number {
  const length = to - from;
  const end = at + 1 + ((length + 3) >> 2);
  if (end > words.length) return -1;
  words[at] = length;
  let n = at + 1;
  let i = from;
  for (; i + 4 <= to; i += 4)
    words[n++] =
      (bytes[i] ?? 0) |
      ((bytes[i + 1] ?? 0) << 8) |
      ((bytes[i + 2] ?? 0) << 16) |
      ((bytes[i + 3] ?? 0) << 24);
  if (i < to) {
    let rest = 0;
    for (let shift = 0; i < to; i++, shift += 8) rest |= (bytes[i] ?? 0) << shift;
    words[n] = rest;
  }
  return end;
}
