import type { Workload } from '../../fingerprint/workload.ts';
import type { Attributed } from './attributed.ts';
import type { Counters } from './counters.ts';
import type { InstanceRecord } from './instances.ts';

/** A JVM or Node start opens some thousand files before its container is known (runtime answer: some 10 ms). */
const maxPerInstance = 8_192;
/** All instances together: about 10 MB. A node that boots starts its 110 pods within a minute. */
const maxTotal = 32_768;

/** Where acts wait until it is known what workload their instance is. Bounded; what does not fit is counted. */
export class Pen {
  readonly #counters: Counters;
  readonly #open: boolean;
  #held = 0;

  /** @param open nobody waits: the caller knows the workload (recorded events). */
  constructor(counters: Counters, open: boolean) {
    this.#counters = counters;
    this.#open = open;
  }

  /** @returns what need not wait. The instance's own start passes: it is what the question is asked on. */
  pass(items: readonly Attributed[]): readonly Attributed[] {
    if (this.#open || items.every((item) => isFree(item))) return items;
    return items.filter((item) => isFree(item) || !this.#hold(item));
  }

  release(instance: InstanceRecord, workload: Workload): readonly Attributed[] {
    instance.workload = workload;
    instance.abandoned = false;
    return this.#empty(instance);
  }

  abandon(instance: InstanceRecord): readonly Attributed[] {
    instance.abandoned = true;
    const held = this.#empty(instance);
    const acts = held.filter((item) => item.type === 'act').length;
    this.#counters.add('unjudged.instance-unknown', acts);
    return held.filter((item) => item.type !== 'act');
  }

  #empty(instance: InstanceRecord): readonly Attributed[] {
    const held = instance.pen;
    instance.pen = [];
    this.#held -= held.length;
    return held;
  }

  /** @returns true: it waits or is counted as lost, either way it does not pass now. */
  #hold(item: Attributed): boolean {
    const instance = item.instance;
    if (instance === undefined) return false;
    if (instance.abandoned && item.type === 'act') {
      this.#counters.add('unjudged.instance-unknown');
    } else if (instance.abandoned) {
      return false;
    } else if (instance.pen.length >= maxPerInstance || this.#held >= maxTotal) {
      this.#counters.add('lost.pen-full');
    } else {
      instance.pen.push(item);
      this.#held += 1;
    }
    return true;
  }
}

function isFree(item: Attributed): boolean {
  if (item.instance === undefined || item.instance.workload !== undefined) return true;
  return item.type === 'gap' || (item.type === 'instance' && item.state !== 'exited');
}
