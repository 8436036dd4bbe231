import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { IncidentBook } from '../../fingerprint/incidents.ts';
import type { AttributedAct } from './attributed.ts';
import { type CallerOf, Callers } from './callers.ts';
import { IncidentOutlet } from './incident-outlet.ts';
import type { DriftVerdict } from './opinion.ts';
import { restated, type WatchOutput } from './watch-output.ts';
import type { WatchedInstance, WatchedWorkload } from './watched.ts';

const none: readonly WatchOutput[] = [];
const restateUs = 1_000_000;

/** Drifts of this node's copies, put together and told: news at once, mere counts once in a while. */
export class Incidents {
  readonly #book = new IncidentBook();
  readonly #callers: Callers;
  readonly #outlet = new IncidentOutlet();
  /** Drifts came since the open incidents were last looked at. */
  #grown = false;
  #restatedAt = 0;

  constructor(callerOf: CallerOf | undefined) {
    this.#callers = new Callers(callerOf);
  }

  get(id: string): Incident | undefined {
    return this.#book.get(id);
  }

  open(): readonly Incident[] {
    return this.#book.open();
  }

  take(
    { workload, inForce, approval }: WatchedWorkload,
    { instance }: WatchedInstance,
    act: AttributedAct,
    behaviour: Behaviour,
    verdict: DriftVerdict,
  ): readonly WatchOutput[] {
    const { event, process } = act;
    const caller = this.#callers.of(act);
    const incident = this.#book.add({
      workload,
      instance,
      behaviour,
      verdict,
      process: process.ref,
      culprit: process.culprit ?? process.ref,
      time: event.time,
      ...('origin' in event && event.origin !== undefined ? { origin: event.origin } : {}),
      ...('sha256' in event && event.sha256 !== undefined ? { sha256: event.sha256 } : {}),
      ...(event.found === true ? { found: true as const } : {}),
      ...(caller === undefined ? {} : { caller }),
      // What nobody approved cannot be as grave as a breach of what somebody did.
      ...(inForce === undefined || inForce.approval.provisional === true ? { provisional: true } : {}),
      ...(approval === undefined ? {} : { approval }),
    });
    this.#grown = true;
    const told = incident === undefined ? undefined : this.#outlet.offer(incident, event.time);
    return told === undefined ? none : [{ type: 'incident', ...told, eventTime: event.time }];
  }

  acted(id: string): readonly WatchOutput[] {
    const incident = this.#book.acted(id);
    if (incident === undefined) return none;
    this.#outlet.offer(incident, incident.last);
    return [restated(incident)];
  }

  forget(id: string): void {
    this.#book.close(id);
  }

  /** What was held back because only counts grew. */
  tick(time: number): readonly WatchOutput[] {
    if (!this.#grown || time - this.#restatedAt < restateUs) return none;
    this.#grown = false;
    this.#restatedAt = time;
    const open = this.#book.open();
    const due = this.#outlet.due(open, time);
    // Those whose pause is not over are looked at again.
    this.#grown = open.length > due.length;
    return due.map(restated);
  }
}
