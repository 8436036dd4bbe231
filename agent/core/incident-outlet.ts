import type { Incident } from '../../fingerprint/incident.ts';

/** More of the same is told seldom, and seldomer the longer nothing graver happens. */
const firstRestateUs = 1_000_000;
const longestRestateUs = 60_000_000;
/** Another foreign process may need an order of its own, so it waits no longer than this: twenty tellings a second at most. */
const movedUs = 50_000;
/** Incidents whose last telling is remembered: as many as the book keeps open. */
const maxRemembered = 1_024;

interface Told {
  incident: Incident;
  at: number;
  wait: number;
}

/** When a change of an incident is worth telling: at once when it is new or graver, soon when another process is to be
 * stopped, else after a growing pause. */
export class IncidentOutlet {
  readonly #told = new Map<string, Told>();

  /** @returns the incident when it is to be told now. */
  offer(
    incident: Incident,
    time: number,
  ): { readonly incident: Incident; readonly isNew: boolean } | undefined {
    const before = this.#told.get(incident.id);
    if (before === undefined) {
      this.#makeRoom();
      this.#told.set(incident.id, { incident, at: time, wait: firstRestateUs });
      return { incident, isNew: true };
    }
    const graver = saysMore(before.incident, incident);
    const pause = isSameCulprit(before.incident, incident) ? before.wait : movedUs;
    if (!graver && time - before.at < pause) return undefined;
    before.wait = graver ? firstRestateUs : Math.min(before.wait * 2, longestRestateUs);
    before.incident = incident;
    before.at = time;
    return { incident, isNew: false };
  }

  /** Of these, what changed since it was told and whose pause is over. */
  due(open: readonly Incident[], time: number): readonly Incident[] {
    return open.filter((incident) => {
      const last = this.#told.get(incident.id)?.incident.last;
      return last !== incident.last && this.offer(incident, time) !== undefined;
    });
  }

  #makeRoom(): void {
    if (this.#told.size < maxRemembered) return;
    const oldest = this.#told.keys().next();
    if (oldest.done !== true) this.#told.delete(oldest.value);
  }
}

function isSameCulprit(a: Incident, b: Incident): boolean {
  return a.culprit.pid === b.culprit.pid && a.culprit.start === b.culprit.start;
}

function saysMore(before: Incident, now: Incident): boolean {
  return (
    before.severity !== now.severity ||
    before.kinds.length !== now.kinds.length ||
    before.approval?.fingerprint !== now.approval?.fingerprint
  );
}
