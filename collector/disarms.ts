import type { Workload } from '../fingerprint/workload.ts';
import { covers, type Disarm, type DisarmScope, disarmOver, maxDisarmMs, scopeText } from './core/disarm.ts';
import type { AuditLog } from './ports/audit.ts';
import type { DisarmStore, Who } from './ports/brakes.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Disarms that last at once. A person makes them; hundreds are a script gone wrong. */
const maxDisarms = 256;

export interface DisarmsOptions {
  readonly store: DisarmStore;
  readonly audit: AuditLog;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

export type DisarmAnswer =
  | { readonly ok: true; readonly disarm: Disarm }
  | {
      readonly ok: false;
      readonly code: 'too-long' | 'no-reason' | 'too-many' | 'not-disarmed';
      readonly sentence: string;
    };

/** Where a person said that nothing is to be stopped (DESIGN §8): for a day at most, told loudly, over by itself. */
export class Disarms {
  readonly #options: DisarmsOptions;
  #lasting: readonly Disarm[] = [];

  constructor(options: DisarmsOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    this.#lasting = await this.#options.store.until(this.#options.now());
  }

  get all(): readonly Disarm[] {
    const now = this.#options.now();
    return this.#lasting.filter((d) => d.until > now);
  }

  over(workload: Workload): Disarm | undefined {
    return disarmOver(this.#lasting, workload, this.#options.now());
  }

  /** In force before it is on record: what must not be stopped is not stopped meanwhile. @throws StoreError */
  async disarm(scope: DisarmScope, forMs: number, who: Who): Promise<DisarmAnswer> {
    const { store, newId, now } = this.#options;
    if (!(forMs > 0 && forMs <= maxDisarmMs))
      return refused('too-long', 'say for how long, from a minute to 24 hours; after that say it again');
    if (who.reason.trim() === '') return refused('no-reason', 'say why nothing is to be stopped there');
    if (this.all.length >= maxDisarms)
      return refused('too-many', `${maxDisarms} places are disarmed already; rearm some of them`);
    const since = now();
    const disarm: Disarm = { id: newId(), scope, ...who, since, until: since + forMs };
    this.#lasting = [...this.#lasting, disarm];
    await store.save(disarm);
    await this.#record('disarmed', disarm, who);
    this.#options.log.warn({ ...scope, until: disarm.until, author: who.author }, 'disarmed');
    this.#options.tell({ type: 'disarmed', disarm, sentence: disarmSentence(disarm) });
    return { ok: true, disarm };
  }

  /** @throws StoreError: then it stays disarmed */
  async rearm(id: string, who: Who): Promise<DisarmAnswer> {
    const { store, now } = this.#options;
    const found = this.all.find((d) => d.id === id);
    if (found === undefined) return refused('not-disarmed', 'that is not disarmed, or not any more');
    if (who.reason.trim() === '') return refused('no-reason', 'say why it may be stopped there again');
    const ended = { ...found, until: now() };
    await store.save(ended);
    this.#lasting = this.#lasting.filter((d) => d.id !== id);
    await this.#record('rearmed', ended, who);
    this.#tellRearmed(ended, who.author);
    return { ok: true, disarm: ended };
  }

  /** Tells of those that are over. To be called every few seconds; that they are over needs no call. */
  look(): void {
    const now = this.#options.now();
    const over = this.#lasting.filter((d) => d.until <= now);
    this.#lasting = this.#lasting.filter((d) => d.until > now);
    for (const disarm of over) this.#tellRearmed(disarm, undefined);
  }

  #tellRearmed(disarm: Disarm, author: string | undefined): void {
    const still = this.all.filter((d) => overlaps(d.scope, disarm.scope)).length;
    const rest = still === 0 ? '' : `; ${still} more still cover some of it`;
    const how = author === undefined ? 'its time is over' : `by ${author}`;
    const sentence = `${scopeText(disarm.scope)} is armed again: ${how}${rest}`;
    this.#options.log.warn({ ...disarm.scope, author }, 'rearmed');
    this.#options.tell({ type: 'rearmed', disarm, sentence });
  }

  async #record(type: 'disarmed' | 'rearmed', disarm: Disarm, { author, reason }: Who): Promise<void> {
    const about = scopeText(disarm.scope);
    await this.#options.audit.record({ type, author, about, reason, detail: disarm });
  }
}

function disarmSentence({ scope, author, reason, until }: Disarm): string {
  const end = new Date(until).toISOString().replace(/\.\d+Z$/, 'Z');
  return `${scopeText(scope)} is disarmed until ${end}: nothing new is stopped there; what is held stays held (${author}: ${reason})`;
}

function overlaps(one: DisarmScope, other: DisarmScope): boolean {
  const about = (scope: DisarmScope): Workload => ({
    cluster: scope.cluster,
    namespace: scope.kind === 'cluster' ? '' : scope.namespace,
    owner: scope.kind === 'workload' ? scope.owner : '',
    container: '',
    role: 'main',
    subject: { name: '', digest: '' },
  });
  return covers(one, about(other)) || covers(other, about(one));
}

function refused(code: Extract<DisarmAnswer, { ok: false }>['code'], sentence: string): DisarmAnswer {
  return { ok: false, code, sentence };
}
