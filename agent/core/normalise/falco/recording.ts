import type { ContainerRef, Event } from '../../../../fingerprint/event.ts';
import type { PeerDirectory } from '../../address-book.ts';
import { FalcoContainers } from './containers.ts';
import { factsOf, isBirth, isExecution } from './event.ts';
import { execFacts, isRuntimeAgain, isRuntimeExe } from './exec.ts';
import type { Facts } from './facts.ts';
import { dropAlertOf } from './loss.ts';
import { FalcoProcesses, type Known } from './processes.ts';
import { type FalcoRecord, textOf } from './record.ts';
import { hostCgroup, hostEvent, isChildsSide, isMainThread, isReadable } from './who.ts';

export { readFalcoRecord } from './record.ts';
export { neededFields } from './who.ts';

/**
 * A recording of Falco as events. Two passes over it, in order of time: what a process or a container is, Falco often
 * tells only later than it acts (image and pod some 10 ms after the first act, a process's own start only on alerts of
 * its main thread).
 */
export class FalcoNormaliser {
  readonly #containers = new FalcoContainers();
  readonly #processes = new FalcoProcesses();
  #hostTold = false;
  #unread = 0;

  /** Alerts without the fields that say who did it: of stock rules, or of rules without the product's own output. */
  get unread(): number {
    return this.#unread;
  }

  /** First pass: all records, in order of time. */
  ahead(record: FalcoRecord): void {
    if (isReadable(record)) {
      this.#containers.ahead(record);
      this.#processes.ahead(record);
    } else if (record.source === 'syscall') this.#unread += 1;
  }

  /** Between the passes. */
  settle(): void {
    this.#containers.settle();
  }

  /** Who lives at which address, after `settle`. */
  directory(): PeerDirectory {
    return this.#containers.directory();
  }

  /** Falco gave others an image and this one never: a pod's sandbox, or a copy that ended before it was asked about. */
  isNameless(container: ContainerRef): boolean {
    return container.digest === undefined && this.#containers.anyNamed;
  }

  /** Second pass: all records again, in the same order. */
  push(record: FalcoRecord): Event[] {
    if (record.source === 'internal') return dropAlertOf(record);
    if (!isReadable(record)) return [];
    const container = this.#containers.of(record);
    const who = this.#processes.of(record);
    const call = textOf(record, 'type') ?? '';
    return [
      ...this.#host(record),
      ...(isBirth(call) ? this.#born(record, who, container) : this.#acts(record, who, container)),
    ];
  }

  #host({ time }: FalcoRecord): Event[] {
    if (this.#hostTold) return [];
    this.#hostTold = true;
    return [hostEvent(time)];
  }

  /** Falco tells a birth from the child's side; that of a thread is none. */
  #born(record: FalcoRecord, who: Known, container: ContainerRef | undefined): Event[] {
    if (!isChildsSide(record) || who.met) return [];
    const parentRef = this.#processes.parentOf(record);
    if (parentRef === undefined) return [];
    const parent = this.#processes.get(parentRef);
    const met = this.#meet(this.#processes.recordOf(parent), record, parent, container);
    who.met = true;
    // Whoever is put into a container from outside is its runtime's until it executes there.
    who.inside = parent.inside;
    const { time } = record;
    return [...met, { time, process: parent.ref, ...place(parent, container), kind: 'fork', child: who.ref }];
  }

  #acts(record: FalcoRecord, who: Known, container: ContainerRef | undefined): Event[] {
    const isExec = isExecution(textOf(record, 'type') ?? '');
    const facts = factsOf(record);
    if (facts === undefined || this.#containers.isAnswer(record)) return [];
    const met = isExec ? [] : this.#meet(record, record, who, container);
    if (facts.kind === 'exec') {
      who.met = true;
      who.inside = container !== undefined && (who.inside || !isRuntimeAgain(facts));
    }
    if (facts.kind === 'exit' && !isMainThread(record)) return met;
    const parent = this.#processes.parentOf(record);
    return [...met, eventOf(record.time, who, container, { ...(parent && { parent }), ...facts })];
  }

  /**
   * Its birth was not seen, so it is older than the recording: found, as a sweep would. What runs, Falco says with every
   * act of its main thread; a thread's own alerts may still name the image it was forked from.
   */
  #meet(
    own: FalcoRecord | undefined,
    seen: FalcoRecord,
    who: Known,
    container: ContainerRef | undefined,
  ): Event[] {
    if (who.met) return [];
    who.met = true;
    const telling = this.#processes.recordOf(who) ?? own;
    const facts = telling === undefined ? undefined : execFacts(telling);
    if (facts === undefined) {
      // Told only as a parent: from its program's name alone it is the runtime's, or one of the container.
      who.inside = container !== undefined && !isRuntimeExe(textOf(seen, 'parentExe'));
      return [];
    }
    const where = telling === undefined ? undefined : this.#containers.of(telling);
    who.inside = where !== undefined && !isRuntimeAgain(facts) && !isRuntimeExe(facts.exe);
    return who.inside ? [{ ...eventOf(seen.time, who, where, facts), found: true }] : [];
  }
}

function eventOf(time: number, who: Known, container: ContainerRef | undefined, facts: Facts): Event {
  return { time, process: who.ref, ...place(who, container), ...facts } as Event;
}

/** What is not inside a container belongs to the host: its runtime, up to and with the moment before it executes. */
function place(
  who: Known,
  container: ContainerRef | undefined,
): { readonly cgroup: number } | { readonly container: ContainerRef } {
  return who.inside && container !== undefined ? { container } : { cgroup: hostCgroup };
}
