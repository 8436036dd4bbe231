import type { EventOf, ProcessRef } from '../../fingerprint/event.ts';
import { Recent } from './recent.ts';

/** Programs whose last execution is remembered: a node runs some hundred. */
const maxPrograms = 2_048;

/**
 * Executions as they are kept with their processes. A service runs the same helper with the same arguments over and
 * over, and each source reads each of those texts anew: kept once for all of them, a process weighs a third.
 */
export class Executions {
  readonly #last = new Recent<string, EventOf<'exec'>>(maxPrograms);

  /** @returns the same event; its texts are those of the last one that was told alike */
  kept(event: EventOf<'exec'>, process: ProcessRef): EventOf<'exec'> {
    const last = this.#last.get(event.exe);
    if (last === undefined || !isAlike(last, event)) {
      this.#last.set(event.exe, event);
      return event;
    }
    const { exe, args, file, cwd } = last;
    // A source that reads alike texts once needs no second look.
    if (args === event.args) return event;
    return {
      ...event,
      process,
      exe,
      args,
      ...(file === undefined ? {} : { file }),
      ...(cwd === undefined ? {} : { cwd }),
    };
  }
}

function isAlike(a: EventOf<'exec'>, b: EventOf<'exec'>): boolean {
  return (
    a.file === b.file &&
    a.cwd === b.cwd &&
    a.args.length === b.args.length &&
    a.args.every((arg, i) => arg === b.args[i])
  );
}
