/** Looks that what is missing must last for: alerts wait in Falco before they are written, so they may come late. */
const patience = 5;

export interface Missing {
  /** µs since the Unix epoch. */
  readonly since: number;
  readonly until: number;
  readonly lost: number;
}

interface Look {
  readonly time: number;
  readonly missing: number;
}

/** Compares what Falco's rules gave with what came, from the first look on: the difference was lost on the way. */
export class Delivered {
  readonly #received: () => number;
  /** Since the first look, less what is known to be lost. */
  #matched = 0;
  #before = 0;
  #looks: Look[] = [];
  /** What was given until then counts no more. */
  #begins = true;

  constructor(received: () => number) {
    this.#received = received;
  }

  /** @param dropped of them Falco itself let go of */
  matched(alerts: number, dropped: number): void {
    if (!this.#begins) this.#matched += Math.max(0, alerts - dropped);
  }

  /** Both begin anew. */
  restarted(): void {
    this.#begins = true;
  }

  /** After each reading of the counters. @returns what will not come any more */
  look(time: number): Missing | undefined {
    const received = this.#received();
    if (this.#begins) {
      this.#begins = false;
      this.#before = received;
      this.#matched = 0;
      this.#looks = [];
    }
    const came = received - this.#before;
    // What had waited in Falco from before the first look came as well.
    if (came > this.#matched) this.#before = received - this.#matched;
    this.#looks.push({ time, missing: Math.max(0, this.#matched - came) });
    if (this.#looks.length < patience) return undefined;
    const [first] = this.#looks;
    // What was given by the first of these looks had all of them to come in.
    const lost = Math.min(...this.#looks.map(({ missing }) => missing));
    this.#looks.shift();
    if (first === undefined || lost <= 0) return undefined;
    this.#matched -= lost;
    this.#looks = this.#looks.map((look) => ({ ...look, missing: look.missing - lost }));
    return { since: first.time, until: time, lost };
  }
}
