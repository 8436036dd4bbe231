import type { Origin, ProcessRef } from '../fingerprint/event.ts';
import type { InstanceRecord } from './core/instances.ts';
import { type Mount, mountOf, originAt, parseMounts } from './core/sweep/mounts.ts';
import type { StateView } from './ports/state-view.ts';

/** A mount table is as long as the machine has mounts; new ones of a copy are rare, and told (`changed`). */
const holdsUs = 10_000_000;
/** That nobody of the copy could be asked may be over with its next process. */
const unknownHoldsUs = 1_000_000;
/** Copies asked about within that time. */
const maxTables = 256;

interface Table {
  readonly at: number;
  readonly until: number;
  readonly mounts: readonly Mount[];
}

/**
 * Where files of containers come from, by their mounts and the layers below, as the sensor tells it of each record: for
 * sources that do not. What is asked is what is new; a file that is replaced between the act and the look is told as what
 * it is now, and one that is gone as one that was written.
 */
export class Origins {
  readonly #view: StateView;
  readonly #now: () => number;
  readonly #tables = new Map<string, Table>();

  /** @param now µs since the Unix epoch */
  constructor(view: StateView, now: () => number) {
    this.#view = view;
    this.#now = now;
  }

  /** Somebody mounted something, or may have: from the host a mount reaches into copies that did nothing. */
  changed(): void {
    this.#tables.clear();
  }

  /** @returns undefined when none of its processes lives, or nobody can say */
  of(file: {
    readonly instance: Pick<InstanceRecord, 'id' | 'owner' | 'first'>;
    readonly process: ProcessRef;
    readonly path: string;
  }): Origin | undefined {
    const { instance, process, path } = file;
    // What runs on the host has no image.
    if (instance.owner.kind !== 'container' || !path.startsWith('/')) return undefined;
    const mounts = this.#mountsOf(instance, process);
    if (mounts.length === 0) return undefined;
    const origin = originAt(path, {
      mounts,
      isHost: false,
      isInLayer: (layer, within) => this.#view.isInLayer(layer, within),
    });
    return origin === 'image' && this.#isGone(path, mountOf(path, mounts)) ? 'upper' : origin;
  }

  /**
   * It is in no layer any more. Who drops a program often removes it at once, before anybody can look: that it is not
   * among what was written does not make it the image's.
   */
  #isGone(path: string, mount: Mount | undefined): boolean {
    if (mount?.upper === undefined || mount.lower === undefined) return false;
    for (const layer of [mount.upper, ...mount.lower]) {
      const held = this.#view.isInLayer(layer, path);
      if (held !== false) return held === 'removed';
    }
    return true;
  }

  #mountsOf({ id, first }: Pick<InstanceRecord, 'id' | 'first'>, process: ProcessRef): readonly Mount[] {
    const now = this.#now();
    const known = this.#tables.get(id);
    if (known !== undefined && now >= known.at && now < known.until) return known.mounts;
    const mounts = this.#read(first) ?? this.#read(process) ?? [];
    if (this.#tables.size >= maxTables) this.#tables.clear();
    const holds = mounts.length === 0 ? unknownHoldsUs : holdsUs;
    this.#tables.set(id, { at: now, until: now + holds, mounts });
    return mounts;
  }

  #read(process: ProcessRef | undefined): readonly Mount[] | undefined {
    // Another may have the pid by now: its mounts would make an image's file foreign, or a foreign one the image's.
    if (process === undefined || !this.#isAlive(process)) return undefined;
    const text = this.#view.mounts(process.pid);
    return text === undefined || !this.#isAlive(process) ? undefined : parseMounts(text);
  }

  #isAlive({ pid, start }: ProcessRef): boolean {
    const ticks = this.#view.glance(pid)?.startTicks;
    return ticks !== undefined && Math.abs(ticks - Math.floor(start / tickUs)) <= 1;
  }
}

const tickUs = 10_000;
