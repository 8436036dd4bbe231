import type { EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { AttributedAct } from './attributed.ts';
import type { InstanceRecord } from './instances.ts';

/** Who a process says its login was; undefined when nobody knows. Answers at once. */
export type CallerOf = (process: ProcessRef, instance: InstanceRecord) => string | undefined;

/** Who came in from outside: asked once, when the first thing is held against the tree, while somebody of it is alive. */
export class Callers {
  readonly #callerOf: CallerOf | undefined;
  readonly #known = new WeakMap<EventOf<'exec'>, string | null>();

  constructor(callerOf: CallerOf | undefined) {
    this.#callerOf = callerOf;
  }

  of({ actor, process, instance }: AttributedAct): string | undefined {
    const { entrance } = process;
    if (actor.root !== 'interactive' || entrance === undefined) return undefined;
    if (entrance.caller !== undefined) return entrance.caller;
    const known = this.#known.get(entrance);
    if (known !== undefined) return known ?? undefined;
    const caller = this.#callerOf?.(process.ref, instance);
    this.#known.set(entrance, caller ?? null);
    return caller;
  }
}
