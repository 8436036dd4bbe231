import { falcoCalls, type Glance } from '../normalise/falco/calls.ts';
import type { LiveFalco } from '../normalise/falco/live.ts';
import type { LiveProcess } from '../normalise/falco/live-processes.ts';
import { orderOf } from '../normalise/falco/record.ts';
import { type KeyBuffer, seal } from './act-key.ts';
import { ByteNames } from './byte-names.ts';
import { at, type FalcoAlert, type LookedField } from './falco-alert.ts';
import type { RawRecord } from './raw-record.ts';

interface LookedCall {
  readonly what: RawRecord['what'];
  /** It may answer somebody. */
  readonly isSend: boolean;
  readonly fields: readonly number[];
  readonly paths: readonly number[];
}

const looked = Object.entries(falcoCalls).flatMap(([name, { glance }]) =>
  glance === undefined ? [] : [{ name, isSend: name.startsWith('send'), ...placed(glance) }],
);
const callNames = new ByteNames(looked.map(({ name }) => name));
const pending = new ByteNames(['EINPROGRESS']);
const transports = new ByteNames(['tcp', 'udp', 'icmp', 'raw']);

function placed({ what, fields, paths }: Glance): Omit<LookedCall, 'isSend'> {
  return { what, fields: fields.map(placeOf), paths: paths.map(placeOf) };
}

/** @throws when a glance names a field that is not looked at: the two tables are one (falco-raw.test.ts) */
function placeOf(field: string): number {
  const place = at[field as LookedField];
  if (place === undefined) throw new Error(`${field} is not looked at`);
  return place;
}

const slash = 0x2f;
const atSign = 0x40;
const blank = 0x20;
const letterU = 0x75;

/** An alert of Falco at a glance. The live tables say who it is about; what they do not know yet needs the full reader. */
export class FalcoRawRecord implements RawRecord {
  what: RawRecord['what'] = 'other';
  pid = 0;
  start = 0;
  cgroup = 0;
  time = 0;
  /** Among events of the same time, as `FalcoRecord.order`; -1 where Falco does not count them. */
  order = -1;
  readonly #live: Pick<LiveFalco, 'processes' | 'containers'>;
  readonly #alert: FalcoAlert;
  #call = -1;
  /** Of a unix socket's name, after the kernel's own addresses of its ends. */
  #socketName = -1;

  constructor(live: Pick<LiveFalco, 'processes' | 'containers'>, alert: FalcoAlert) {
    this.#live = live;
    this.#alert = alert;
  }

  /** @param isScanned the alert was read; false: nothing can be said at a look */
  place(isScanned: boolean): this {
    this.what = 'other';
    if (!isScanned || !this.#alert.isCall) return this;
    const { bytes } = this.#alert;
    const call = callNames.find(bytes, this.#alert.from(at.type), this.#alert.to(at.type));
    const glance = looked[call];
    if (!this.#alert.has(at.type) || glance === undefined || !this.#isDone(glance)) return this;
    const who = this.#whoActs();
    if (who === undefined) return this;
    this.#call = call;
    if (!this.#isPlain(glance, who)) return this;
    this.pid = who.ref.pid;
    this.start = who.ref.start;
    this.cgroup = who.cgroup;
    this.time = this.#alert.time;
    const num = this.#alert.whole(at.num);
    this.order = num < 0 ? -1 : orderOf(this.#alert.nanos, num);
    this.what = glance.what;
    return this;
  }

  fillKey(key: KeyBuffer): boolean {
    const { words } = key;
    words[0] = this.#call;
    let n = 1;
    for (const field of looked[this.#call]?.fields ?? []) {
      n = this.#copy(words, n, field, this.#alert.from(field));
      if (n < 0) return false;
    }
    if (this.#socketName >= 0) n = this.#copy(words, n, at.fileName, this.#socketName);
    return n >= 0 && seal(key, n);
  }

  /**
   * It happened, and it succeeded: a failed attempt is told otherwise. A connect that is under way is an ordinary one; of
   * other calls a file system of the process's own may say so, and what it asked for then counts for what it got.
   */
  #isDone({ what }: LookedCall): boolean {
    const alert = this.#alert;
    if (alert.has(at.direction) && alert.bytes[alert.from(at.direction)] === 0x3e) return false;
    if (alert.whole(at.result) >= 0) return true;
    return (
      what === 'peer' &&
      alert.has(at.resultName) &&
      pending.find(alert.bytes, alert.from(at.resultName), alert.to(at.resultName)) >= 0
    );
  }

  /** A process that was met, inside a container whose place is known, and that says the same of it as the last time. */
  #whoActs(): LiveProcess | undefined {
    const who = this.#who();
    if (who === undefined || !who.met || !who.inside || who.cgroup === 0) return undefined;
    return this.#isWhere(who, this.#whereField()) ? who : undefined;
  }

  /** Of an alert that was read in full: what it said of its process's container is known from now on. */
  remember(): void {
    const alert = this.#alert;
    const who = this.#who();
    const field = this.#whereField();
    if (who === undefined || !alert.has(field)) return;
    if (!this.#isWhere(who, field)) who.where = alert.bytes.slice(alert.from(field), alert.to(field));
  }

  #who(): LiveProcess | undefined {
    const alert = this.#alert;
    const [pid, thread, told] = [alert.whole(at.pid), alert.whole(at.thread), alert.micros(at.start)];
    if (pid < 0 || thread < 0 || told < 0 || !alert.has(at.exe)) return undefined;
    return this.#live.processes.known(pid, pid === thread, told);
  }

  /** Which field says in which container, in the order of `containerIdOf` (normalise/falco/containers.ts). */
  #whereField(): number {
    const alert = this.#alert;
    if (alert.has(at.containerFullId)) return at.containerFullId;
    return alert.has(at.containerId) ? at.containerId : at.cgroup;
  }

  #isWhere({ where }: LiveProcess, field: number): boolean {
    const alert = this.#alert;
    const from = alert.from(field);
    if (where === undefined || !alert.has(field) || alert.to(field) - from !== where.length) return false;
    for (let i = 0; i < where.length; i++) if (where[i] !== alert.bytes[from + i]) return false;
    return true;
  }

  #isPlain({ what, isSend, paths }: LookedCall, who: LiveProcess): boolean {
    const alert = this.#alert;
    this.#socketName = -1;
    // Relative to what, the full reader finds out.
    for (const field of paths) if (alert.has(field) && alert.bytes[alert.from(field)] !== slash) return false;
    switch (what) {
      case 'accept':
        return alert.has(at.clientAddress) && this.#hasTransport();
      case 'peer':
        // Whom it answers, if it answers, the ports say that were bound until now.
        return isSend ? !this.#live.containers.serves(who.container) : this.#isPeerPlain();
      default:
        return true;
    }
  }

  #hasTransport(): boolean {
    const alert = this.#alert;
    const [from, to] = [alert.from(at.transport), alert.to(at.transport)];
    return alert.has(at.transport) && transports.find(alert.bytes, from, to) >= 0;
  }

  /** A unix socket is named `ffff8881->ffff8882 /run/x.sock`: what the kernel has in front is another each time. */
  #isPeerPlain(): boolean {
    const alert = this.#alert;
    if (!alert.has(at.fileType) || alert.bytes[alert.from(at.fileType)] !== letterU) return true;
    if (!alert.has(at.fileName)) return false;
    const to = alert.to(at.fileName);
    let i = alert.from(at.fileName);
    while (i < to && isOfKernelAddress(alert.bytes[i] ?? 0)) i += 1;
    if (i === alert.from(at.fileName) || alert.bytes[i] !== blank) return false;
    const first = alert.bytes[i + 1];
    if (to - i < 3 || (first !== slash && first !== atSign) || alert.bytes[i + 2] === blank) return false;
    this.#socketName = i + 1;
    for (i += 1; i < to; i++) if (!isPrintable(alert.bytes[i] ?? 0)) return false;
    return true;
  }

  #copy(words: Int32Array, from: number, field: number, start: number): number {
    const alert = this.#alert;
    if (!alert.has(field)) {
      words[from] = -1;
      return from + 1;
    }
    const { bytes } = alert;
    const to = alert.to(field);
    if (from + 2 + ((to - start) >> 2) >= words.length) return -1;
    let n = from;
    words[n++] = to - start;
    let i = start;
    for (; i + 4 <= to; i += 4)
      words[n++] =
        (bytes[i] ?? 0) |
        ((bytes[i + 1] ?? 0) << 8) |
        ((bytes[i + 2] ?? 0) << 16) |
        ((bytes[i + 3] ?? 0) << 24);
    if (i === to) return n;
    let last = 0;
    for (let shift = 0; i < to; i++, shift += 8) last |= (bytes[i] ?? 0) << shift;
    words[n++] = last;
    return n;
  }
}

/** `ffff88->0` */
function isOfKernelAddress(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || byte === 0x2d || byte === 0x3e;
}

function isPrintable(byte: number): boolean {
  return byte >= blank && byte < 0x7f;
}
