import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '../fingerprint/report.ts';
import { parseReport, reportBytes } from '../fingerprint/report-json.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import type { Counters } from './core/counters.ts';
import type { Spool, Uplink } from './ports/uplink.ts';
import type { Log } from './ports.ts';

/** Read back from the spool at a time: some 100 kB. */
const batch = 256;
/** Reports that need not be read back because they were just written: a burst of a container's start. */
const maxRecent = 1_024;
/** A full disk is looked at again this often. */
const retryFlushMs = 1_000;

/**
 * Reports on their way out: into the spool, to the disk, then up. Nothing is offered before it survives a crash, or a
 * number the collector has stored could come to mean another report. What is not acknowledged is offered again.
 */
export class Outbox {
  readonly #spool: Spool;
  readonly #uplink: Uplink | undefined;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #recent = new Map<number, Report>();
  #appended = 0;
  #flushed = 0;
  #acked = 0;
  #offered = 0;
  #connected = false;
  #driving: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(options: { spool: Spool; uplink: Uplink | undefined; counters: Counters; log: Log }) {
    this.#spool = options.spool;
    this.#uplink = options.uplink;
    this.#counters = options.counters;
    this.#log = options.log;
  }

  put(report: Report): void {
    const seq = this.#spool.append(reportBytes(report));
    if (seq === undefined) {
      this.#counters.add('lost.spool-full');
      return;
    }
    this.#appended = seq;
    if (this.#recent.size < maxRecent) this.#recent.set(seq, report);
    this.#drive();
  }

  acked(seq: number): void {
    if (seq <= this.#acked) return;
    this.#acked = seq;
    this.#offered = Math.max(this.#offered, seq);
    for (const known of this.#recent.keys()) {
      if (known > seq) break;
      this.#recent.delete(known);
    }
    void this.#spool.ack(seq).catch((err: unknown) => this.#log.warn({ err }, 'spool does not take an ack'));
    this.#drive();
  }

  /** A new stream knows nothing of what was offered on the old one. */
  connected(): void {
    this.#connected = true;
    this.#offered = this.#acked;
    this.#drive();
  }

  disconnected(): void {
    this.#connected = false;
  }

  /** Resolves when what was put is on its way or the disk has been asked: for whoever has much to put. */
  async flushed(): Promise<void> {
    await this.#driving;
  }

  /** Resolves when all that was put survives a crash, or the disk does not take it. */
  async settle(): Promise<void> {
    this.#stopped = true;
    await this.#driving;
    await this.#spool
      .flush()
      .catch((err: unknown) => this.#log.error({ err }, 'spool does not reach the disk'));
  }

  #drive(): void {
    if (this.#driving !== undefined) {
      this.#again = true;
      return;
    }
    this.#driving = this.#run().finally(() => {
      this.#driving = undefined;
      if (this.#again && !this.#stopped) this.#drive();
    });
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      if (await this.#flush()) await this.#offer();
    } while (this.#again && !this.#stopped);
  }

  async #flush(): Promise<boolean> {
    const upTo = this.#appended;
    if (upTo === this.#flushed) return true;
    try {
      await this.#spool.flush();
      this.#flushed = upTo;
      return true;
    } catch (err) {
      this.#counters.add('spool.flush-failed');
      this.#log.error({ err }, 'spool does not reach the disk');
      await sleep(retryFlushMs, undefined, { ref: false });
      this.#again = true;
      return false;
    }
  }

  async #offer(): Promise<void> {
    if (this.#uplink === undefined) return;
    while (this.#connected) {
      const seq = this.#offered + 1;
      const recent = seq <= this.#flushed ? this.#recent.get(seq) : undefined;
      if (recent !== undefined) {
        if (!this.#uplink.offer(seq, recent)) return;
        this.#offered = Math.max(this.#offered, seq);
        continue;
      }
      if (!(await this.#offerFromDisk(this.#uplink))) return;
    }
  }

  /** @returns false when there is nothing more or the stream takes no more. */
  async #offerFromDisk(uplink: Uplink): Promise<boolean> {
    const records = await this.#spool.after(this.#offered, batch);
    for (const { seq, record } of records) {
      const report = this.#read(record);
      if (report !== undefined && !uplink.offer(seq, report)) return false;
      this.#offered = Math.max(this.#offered, seq);
    }
    return records.length > 0;
  }

  #read(record: Uint8Array): Report | undefined {
    try {
      return parseReport(parseJson(record));
    } catch (err) {
      // Written by an agent of another version, or rotten: it cannot be told, only counted.
      this.#counters.add('lost.spool-unreadable');
      this.#log.warn({ err }, 'spooled report cannot be read');
      return undefined;
    }
  }
}
