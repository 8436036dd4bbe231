import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError } from '../ports/source.ts';
import { cannot, pathHints } from './falco/errors.ts';
import type { FalcoIntakeOptions, HeardSink } from './falco/intake.ts';
import { maxLineBytes } from './falco/line-cutter.ts';
import { type FilePlace, PlaceFile } from './falco/place-file.ts';
import { rotatedBefore } from './falco/rotated.ts';
import { runBeside } from './falco/run-beside.ts';
import { Tail } from './falco/tail.ts';

export interface FalcoFileOptions extends FalcoIntakeOptions {
  readonly path: string;
  /** Where the agent keeps how far it has read. */
  readonly placeFile: string;
  readonly lookMs?: number;
}

/** What a verdict waits for at most; two looks cost some 5 µs each. */
const lookMs = 25;

/**
 * Alerts as JSON lines from a file that Falco writes (`file_output`): rotated by renaming or by cutting, read on after a
 * restart where the last one stopped.
 */
export function falcoFileSource(options: FalcoFileOptions): EventSource {
  return {
    name: 'falco',
    run: (sink, signal) =>
      runBeside(options, sink, signal, (heard, until) => new Follower(options, heard).run(until)),
  };
}

class Follower {
  readonly #options: FalcoFileOptions;
  readonly #sink: HeardSink;
  readonly #place: PlaceFile;
  #tail: Tail | undefined;

  constructor(options: FalcoFileOptions, sink: HeardSink) {
    this.#options = options;
    this.#sink = sink;
    this.#place = new PlaceFile(options.placeFile);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { path, lookMs: every = lookMs } = this.#options;
    try {
      const stopped = this.#place.read();
      this.#begin();
      // Before anybody hears that it is watched: what Falco writes from then on is not passed over as old.
      if (stopped === undefined) this.#passOverOld();
      this.#sink.connected();
      if (stopped !== undefined) this.#catchUp(stopped);
      while (!signal.aborted) {
        if (!this.#look()) await sleep(every, undefined, { signal }).catch(() => undefined);
        // Timers and other sources have their turn, however much there is to read.
        else await sleep(0);
      }
    } catch (cause) {
      if (cause instanceof SourceError) throw cause;
      throw cannot('the file', path, cause, pathHints);
    } finally {
      this.#tail?.close();
      this.#place.close();
    }
  }

  #begin(): void {
    const { path, log } = this.#options;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      // Falco makes it with its first alert; its directory must be there.
      statSync(dirname(path));
      log.warn({ path: printable(path) }, 'Falco has not written the file yet; it is waited for');
      return;
    }
    this.#tail = new Tail(path);
  }

  #passOverOld(): void {
    this.#tail?.toEnd();
    if (this.#tail !== undefined) this.#place.write(this.#tail.place);
  }

  /** From the place on where an earlier run stopped; what was put aside meanwhile comes first. */
  #catchUp(place: FilePlace): void {
    const current = this.#tail;
    if (current?.resume(place) !== true) this.#rotatedAway(place, current);
    if (current !== undefined) this.#place.write(current.place);
  }

  #rotatedAway(place: FilePlace, current: Tail | undefined): void {
    current?.rewind();
    const aside = rotatedBefore(this.#options.path);
    const at = aside.findIndex(({ stat }) => stat.ino === place.ino && stat.dev === place.dev);
    const missed = aside.slice(Math.max(0, at));
    const first = at < 0 ? undefined : missed[0];
    if (first === undefined || !this.#readAside(first.path, place)) {
      this.#gap('the file of Falco was rotated away while the agent was not there');
      return;
    }
    for (const { path } of missed.slice(1)) this.#readAside(path);
  }

  /** @returns false when it is not the file of that place */
  #readAside(path: string, from?: FilePlace): boolean {
    const tail = new Tail(path);
    try {
      if (from !== undefined && !tail.resume(from)) return false;
      this.#drain(tail);
      return true;
    } finally {
      tail.close();
    }
  }

  /** @returns whether there may be more at once */
  #look(): boolean {
    if (this.#tail === undefined) {
      if (statSync(this.#options.path, { throwIfNoEntry: false }) === undefined) return false;
      this.#tail = new Tail(this.#options.path);
      // All of it is new: a restart must not take what came before its first piece was judged for old.
      this.#place.write(this.#tail.place);
    }
    if (this.#read(this.#tail)) return true;
    return this.#isReplaced(this.#tail);
  }

  /** Falco goes on in the old file until it is told to open the new one: only what it has written there ends the old. */
  #isReplaced(tail: Tail): boolean {
    const path = this.#successorOf(tail);
    if (path === undefined) return false;
    const next = new Tail(path);
    if (next.size === 0) {
      next.close();
      return false;
    }
    this.#drain(tail);
    tail.close();
    this.#tail = next;
    return true;
  }

  /** The file after this one: what has its name now, or what was rotated away itself in the meantime. */
  #successorOf(tail: Tail): string | undefined {
    const { path } = this.#options;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && stat.ino === tail.ino && stat.dev === tail.dev) return undefined;
    const aside = rotatedBefore(path);
    const at = aside.findIndex((file) => file.stat.ino === tail.ino && file.stat.dev === tail.dev);
    const next = at < 0 ? undefined : aside[at + 1];
    return next?.path ?? (stat === undefined ? undefined : path);
  }

  #drain(tail: Tail): void {
    while (this.#read(tail));
  }

  /** @returns whether there may be more at once */
  #read(tail: Tail): boolean {
    const { now } = this.#options;
    let came = false;
    const went = tail.read({
      lines: (bytes) => {
        came = true;
        this.#sink.bytes(bytes, now());
      },
      tooLong: () => this.#sink.refused(`a line of more than ${maxLineBytes} bytes was passed over`),
    });
    if (went === 'cut') this.#gap('the file of Falco was cut: what was not read until then is lost');
    if (came || went === 'cut') this.#place.write(tail.place);
    return went !== 'end';
  }

  #gap(reason: string): void {
    const time = this.#options.now();
    this.#sink.note({ type: 'gap', since: this.#sink.heardAt, until: time, lost: 0, reason });
  }
}
