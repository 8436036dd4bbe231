/** A policy that listened, then did not, and listens again: what happened in between nobody saw. */
export interface Unwatched {
  readonly policy: string;
  readonly since: number;
  readonly until: number;
}

/** Ours are eight; a site may have a hundred of its own, and what is no Tetragon any number. */
const maxPolicies = 1_024;

/** Compares the policies that listen with those that did. Times in µs since the Unix epoch. */
export class PolicyWatch {
  /** Policy → when it was last seen to listen. */
  readonly #seen = new Map<string, number>();
  #last: ReadonlySet<string> = new Set();

  /** @returns those that came back */
  look(now: ReadonlySet<string>, time: number): readonly Unwatched[] {
    const back: Unwatched[] = [];
    for (const policy of now) {
      const since = this.#seen.get(policy);
      if (since !== undefined && !this.#last.has(policy)) back.push({ policy, since, until: time });
      if (since !== undefined || this.#seen.size < maxPolicies) this.#seen.set(policy, time);
    }
    this.#last = now;
    return back;
  }
}
