import { printable } from '../../fingerprint/printable.ts';
import { makeNotice } from './news.ts';
import { type JsonObject, type Notice, severityRank } from './notice.ts';

/** Incidents that are told one by one in a minute: more than a person reads in it. */
const maxOpened = 20;
const minuteMs = 60_000;
/** Incidents of a minute whose further news is gathered as well. Beyond it they are told one by one. */
const maxFollowed = 10_000;
const gravestShown = 5;
const workloadsShown = 20;
/** Workloads that are counted apart; those beyond are counted together. */
const maxWorkloads = 1_000;

/** For one sink: which notices are told alone, and which as one of many. What is critical is never one of many. */
export class Flood {
  #minute = -1;
  #opened = 0;
  readonly #gathered = new Set<string>();

  /** Whether the minute of the last gathered notice is over, so that it is time to tell of it. */
  isOver(now: number): boolean {
    return this.#minute !== Math.floor(now / minuteMs);
  }

  admit(notice: Notice, now: number): 'waiting' | 'gathered' {
    if (this.isOver(now)) {
      this.#minute = Math.floor(now / minuteMs);
      this.#opened = 0;
      this.#gathered.clear();
    }
    if (!notice.type.startsWith('incident.') || notice.severity === 'critical') return 'waiting';
    // What follows must not be told before what it follows.
    if (this.#gathered.has(notice.key)) return 'gathered';
    if (notice.type !== 'incident.opened') return 'waiting';
    this.#opened += 1;
    if (this.#opened <= maxOpened || this.#gathered.size >= maxFollowed) return 'waiting';
    this.#gathered.add(notice.key);
    return 'gathered';
  }
}

/** Adds up what was gathered; at most a page of it is in memory at a time. */
export class Digest {
  #count = 0;
  #first = Number.POSITIVE_INFINITY;
  readonly #types = new Map<string, number>();
  readonly #workloads = new Map<string, number>();
  #gravest: readonly Notice[] = [];

  add(notice: Notice): void {
    this.#count += 1;
    this.#first = Math.min(this.#first, notice.time);
    this.#types.set(notice.type, (this.#types.get(notice.type) ?? 0) + 1);
    if (notice.type !== 'incident.opened') return;
    const { namespace = '', owner = '', container = '' } = notice.workload ?? {};
    const name = printable(`${namespace}/${owner}/${container}`, 200);
    const counted = this.#workloads.has(name) || this.#workloads.size < maxWorkloads ? name : 'others';
    this.#workloads.set(counted, (this.#workloads.get(counted) ?? 0) + 1);
    this.#gravest = [...this.#gravest, notice]
      .sort((a, b) => severityRank(b.severity) - severityRank(a.severity))
      .slice(0, gravestShown);
  }

  /** @param sink part of its id: each sink's is another */
  notice(sink: string, now: number): Notice {
    const opened = this.#types.get('incident.opened') ?? 0;
    const byCount = [...this.#workloads].sort(([, a], [, b]) => b - a);
    const severity = this.#gravest[0]?.severity ?? 'low';
    const data: JsonObject = {
      since: this.#first,
      byType: Object.fromEntries(this.#types),
      byWorkload: Object.fromEntries(byCount.slice(0, workloadsShown)),
      workloadsMore: Math.max(0, byCount.length - workloadsShown),
      gravest: this.#gravest.map(({ key, severity, title, link }) => ({
        incident: key,
        severity,
        title,
        link,
      })),
    };
    const title = `${opened} more incidents opened within a minute, in ${byCount.length} workloads`;
    const news = { type: 'incidents.many', severity, title, link: '/incidents', data } as const;
    return makeNotice(news, `many/${sink}`, now, this.#count);
  }
}
