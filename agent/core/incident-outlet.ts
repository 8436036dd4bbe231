import type { Incident } from '../../fingerprint/incident.ts';

/** Counts alone are told once a second: an attack that opens ten thousand files is one incident, not ten thousand. */
const restateUs = 1_000_000;
/** Incidents whose last telling is remembered; more than an agent has open at a time. */
const maxRemembered = 1_024;

interface Told {
  incident: Incident;
  at: number;
  due: boolean;
}

/** When a change of an incident is worth telling: at once when it is new or graver, else once a second. */
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
      this.#told.set(incident.id, { incident, at: time, due: false });
      return { incident, isNew: true };
    }
    const says = saysMore(before.incident, incident) || time - before.at >= restateUs;
    before.due = !says;
    if (!says) {
      // What was told stays the measure of "graver"; what is due is the newest.
      this.#told.set(incident.id, { incident, at: before.at, due: true });
      return undefined;
    }
    before.incident = incident;
    before.at = time;
    return { incident, isNew: false };
  }

  /** What changed since it was told and is due by now. */
  due(time: number): readonly Incident[] {
    const out: Incident[] = [];
    for (const told of this.#told.values()) {
      if (!told.due || time - told.at < restateUs) continue;
      told.due = false;
      told.at = time;
      out.push(told.incident);
    }
    return out;
  }

  #makeRoom(): void {
    if (this.#told.size < maxRemembered) return;
    const oldest = this.#told.keys().next();
    if (oldest.done !== true) this.#told.delete(oldest.value);
  }
}

function saysMore(before: Incident, now: Incident): boolean {
  return (
    before.severity !== now.severity ||
    before.kinds.length !== now.kinds.length ||
    before.drifts.length !== now.drifts.length ||
    before.approval?.fingerprint !== now.approval?.fingerprint
  );
}
