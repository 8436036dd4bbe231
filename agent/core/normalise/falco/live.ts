import type { Event, ProcessRef } from '../../../../fingerprint/event.ts';
import type { NodeView } from '../node-view.ts';
import { StartClock } from '../start-clock.ts';
import { factsOf, isBirth, isExecution } from './event.ts';
import { execFacts, isRuntimeAgain, isRuntimeExe, isRuntimeProgram } from './exec.ts';
import type { Facts } from './facts.ts';
import { falcoFields } from './fields.ts';
import { LiveContainers, type Whereabouts } from './live-containers.ts';
import { type LiveProcess, LiveProcesses } from './live-processes.ts';
import { type FalcoRecord, microsOf, numberOf, textOf } from './record.ts';
import { hostCgroup, isChildsSide, isMainThread } from './who.ts';

/** Who a readable alert says acted. */
interface Acting {
  readonly who: LiveProcess;
  readonly at: Whereabouts | undefined;
}

/**
 * Alerts as events, one by one as they come: what is told of a process or a container only later is not waited for. The
 * same rules as for recordings (recording.ts), which know all of it beforehand.
 */
export class LiveFalco {
  readonly processes: LiveProcesses;
  readonly containers: LiveContainers;

  constructor(view: NodeView) {
    this.processes = new LiveProcesses(view, new StartClock(view));
    this.containers = new LiveContainers(view);
  }

  /** @returns undefined when it does not say who acted. An empty list: nothing of a kind that is judged. */
  take(record: FalcoRecord): readonly Event[] | undefined {
    const events: Event[] = [];
    const acting = this.#acting(record, events);
    if (acting === undefined) return undefined;
    if (isBirth(textOf(record, 'type') ?? '')) this.#born(record, acting, events);
    else this.#acts(record, acting, events);
    return events;
  }

  #acting(record: FalcoRecord, events: Event[]): Acting | undefined {
    const pid = numberOf(record, 'pid');
    const told = microsOf(record, 'start');
    if (pid === undefined || told === undefined || numberOf(record, 'thread') === undefined) return undefined;
    const who = this.processes.of(pid, isMainThread(record), told);
    const at = this.containers.of(record, pid, events);
    settle(who, at);
    return { who, at };
  }

  /** Of a parent that never acted itself nothing is known but its program: the runtime's, or one of the container. */
  #born(record: FalcoRecord, { who, at }: Acting, events: Event[]): void {
    if (!isChildsSide(record) || who.met) return;
    const parent = this.#parentOf(record);
    if (parent === undefined) return;
    if (!parent.met) parent.inside = at !== undefined && !isRuntimeExe(textOf(record, 'parentExe'));
    who.met = true;
    // Whoever is put into a container from outside is its runtime's until it executes there.
    who.inside = parent.inside;
    events.push({
      time: record.time,
      process: parent.ref,
      ...place(parent, at),
      kind: 'fork',
      child: who.ref,
    });
  }

  #acts(record: FalcoRecord, { who, at }: Acting, events: Event[]): void {
    const isExec = isExecution(textOf(record, 'type') ?? '');
    const facts = factsOf(record);
    if (facts === undefined || this.containers.isAnswer(record, at?.id)) return;
    if (at !== undefined) this.containers.bound(record, at.id);
    if (!isExec) this.#meet(record, who, at, events);
    if (facts.kind === 'exec') {
      who.met = true;
      who.inside = at !== undefined && (who.inside || !isRuntimeAgain(facts));
    }
    if (facts.kind === 'exit') {
      if (!isMainThread(record)) return;
      this.processes.end(who, record.time);
    }
    const parent = this.#parentOf(record)?.ref;
    events.push(eventOf(record.time, who, at, { ...(parent && { parent }), ...facts }));
  }

  /**
   * It was there before us: found, as a sweep would, where the alert tells what it runs and how that was called. Where it
   * does not (the rules that are handed out print it for executions alone), a sweep tells.
   */
  #meet(record: FalcoRecord, who: LiveProcess, at: Whereabouts | undefined, events: Event[]): void {
    if (who.met) return;
    who.met = true;
    const exe = textOf(record, 'exe') ?? textOf(record, 'parentExe');
    const facts = isProgramTold(record) ? execFacts(record) : undefined;
    who.inside =
      at !== undefined && !isRuntimeProgram(exe) && (facts === undefined || !isRuntimeAgain(facts));
    if (who.inside && facts !== undefined)
      events.push({ ...eventOf(record.time, who, at, facts), found: true });
  }

  #parentOf(record: FalcoRecord): LiveProcess | undefined {
    const pid = numberOf(record, 'parentPid');
    const told = microsOf(record, 'parentStart');
    return pid === undefined || told === undefined ? undefined : this.processes.of(pid, false, told);
  }
}

function isProgramTold(record: FalcoRecord): boolean {
  return record.fields[falcoFields.commandLine.name] !== undefined;
}

function settle(who: LiveProcess, at: Whereabouts | undefined): void {
  const [container, cgroup] = [at?.id ?? '', at?.cgroup ?? 0];
  if (who.container === container && who.cgroup === cgroup) return;
  who.container = container;
  who.cgroup = cgroup;
  // What said otherwise before says nothing any more.
  who.where = undefined;
}

function eventOf(
  time: number,
  who: LiveProcess,
  at: Whereabouts | undefined,
  facts: Facts & { readonly parent?: ProcessRef },
): Event {
  return { time, process: who.ref, ...place(who, at), ...facts } as Event;
}

/** What is not inside a container belongs to the host: its runtime, up to and with the moment before it executes. */
function place(
  who: LiveProcess,
  at: Whereabouts | undefined,
): { readonly cgroup: number } | { readonly container: { readonly id: string } } {
  if (!who.inside || at === undefined) return { cgroup: hostCgroup };
  return at.cgroup === undefined ? { container: { id: at.id } } : { cgroup: at.cgroup };
}
