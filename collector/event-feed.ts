import type { Place } from './core/access.ts';
import type { Caller, Feed, FeedEvent } from './ports/api.ts';
import type { StateLine } from './state-line.ts';

/** Who was away for a few minutes of an ordinary day goes on where they were. */
const maxLines = 10_000;
/** …and in an extraordinary minute, lines of 3 kB each, this is what it may cost. */
const maxBytes = 8 * 1024 * 1024;
/** Incidents whose place is remembered, for what is told of them later by their id alone. */
const maxPlaces = 20_000;
/** A browser comes back after 3 s, a laptop that was closed after a while: until then lines are kept for them. */
const defaultLingerMs = 300_000;

export interface EventFeedOptions {
  readonly subscribe: (listener: (line: StateLine) => void) => () => void;
  /** Names the sequence: ids of another one are not known here. */
  readonly newBoot: () => string;
  readonly lingerMs?: number;
}

/** Of a kept line, who may see it: what happens at a place, what all may know, what is for those who see all. */
type Reach = Place | 'everyone' | 'whole-site';

interface Kept {
  readonly event: FeedEvent;
  readonly n: number;
  readonly reach: Reach;
}

/**
 * Every change of state for whoever follows it over the API, with the latest kept for who comes back. Nothing is made or
 * kept while nobody has listened for a while: an incident that nobody is told of costs nothing here.
 */
export class EventFeed implements Feed {
  readonly #options: EventFeedOptions;
  readonly #followers = new Set<(kept: Kept) => void>();
  readonly #places = new Map<string, Place>();
  #ring: Kept[] = [];
  #bytes = 0;
  #boot: string | undefined;
  #n = 0;
  #unsubscribe: () => void = () => undefined;
  #leaving: NodeJS.Timeout | undefined;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  get followers(): number {
    return this.#followers.size;
  }

  follow(caller: Caller, lastId: string | undefined, listener: (event: FeedEvent) => void): () => void {
    clearTimeout(this.#leaving);
    const boot = this.#begin();
    const pass = ({ event, reach }: Kept): void => {
      if (isFor(caller, reach)) listener(event);
    };
    const missed = this.#since(boot, lastId);
    if (missed === undefined) listener(this.#reset(boot));
    else for (const kept of missed) pass(kept);
    this.#followers.add(pass);
    return () => {
      this.#followers.delete(pass);
      if (this.#followers.size === 0) this.#linger();
    };
  }

  close(): void {
    clearTimeout(this.#leaving);
    this.#end();
  }

  /** @returns the sequence that goes on from now */
  #begin(): string {
    if (this.#boot !== undefined) return this.#boot;
    this.#boot = this.#options.newBoot();
    this.#unsubscribe = this.#options.subscribe((line) => this.#told(line));
    return this.#boot;
  }

  #linger(): void {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#end(), this.#options.lingerMs ?? defaultLingerMs).unref();
  }

  /** What comes from now on is not kept: whoever comes back begins anew. */
  #end(): void {
    this.#unsubscribe();
    this.#boot = undefined;
    this.#ring = [];
    this.#bytes = 0;
    this.#places.clear();
  }

  #told(line: StateLine): void {
    this.#n += 1;
    const reach = this.#reachOf(line);
    const event = { id: `${this.#boot}-${this.#n}`, type: line.type, json: JSON.stringify(line) };
    const kept = { event, n: this.#n, reach };
    this.#ring.push(kept);
    this.#bytes += event.json.length;
    this.#shorten();
    for (const follower of this.#followers) follower(kept);
  }

  /** In steps: to shift one of ten thousand for each line would cost more than the line. */
  #shorten(): void {
    if (this.#ring.length <= maxLines && this.#bytes <= maxBytes) return;
    const half = this.#ring.splice(0, Math.ceil(this.#ring.length / 2));
    for (const { event } of half) this.#bytes -= event.json.length;
  }

  /** @returns undefined when lines between are not kept any more */
  #since(boot: string, lastId: string | undefined): readonly Kept[] | undefined {
    if (lastId === undefined) return [];
    const [, said, n] = /^([0-9a-z]+)-(\d{1,15})$/.exec(lastId) ?? [];
    const last = Number(n);
    const oldest = this.#ring[0]?.n ?? this.#n + 1;
    if (said !== boot || last + 1 < oldest || last > this.#n) return undefined;
    return this.#ring.slice(last + 1 - oldest);
  }

  #reset(boot: string): FeedEvent {
    return { id: `${boot}-${this.#n}`, type: 'reset', json: JSON.stringify({ type: 'reset' }) };
  }

  #reachOf(line: StateLine): Reach {
    switch (line.type) {
      case 'workload':
      case 'readiness':
      case 'provisional':
      case 'review':
        return line.workload;
      case 'incident':
        this.#remember(line.incident.id, line.incident.workload);
        return line.incident.workload;
      // What comes back of it is for whoever may see it, however old the incident is.
      case 'order':
        this.#remember(line.incident, line.workload);
        return line.workload;
      case 'decision':
        return this.#places.get(line.incident) ?? 'whole-site';
      case 'held-order':
        return this.#places.get(line.held.incident) ?? 'whole-site';
      case 'receipt':
        return this.#places.get(line.receipt.incident) ?? 'whole-site';
      case 'policy':
      case 'store':
      case 'stopped':
        return 'everyone';
      // Nodes carry copies of everybody, and documents name images of everybody.
      case 'agent':
      case 'agents-beside':
      case 'gap':
      case 'canary':
      case 'audit-mismatch':
      case 'disarmed':
      case 'rearmed':
      case 'leases':
      case 'node-incident':
      case 'clock':
      case 'audit-sink':
      case 'missing':
      case 'fingerprint':
      case 'collector-ready':
        return 'whole-site';
    }
  }

  #remember(incident: string, { cluster, namespace }: Place): void {
    this.#places.delete(incident);
    this.#places.set(incident, { cluster, namespace });
    const oldest = this.#places.size > maxPlaces ? this.#places.keys().next().value : undefined;
    if (oldest !== undefined) this.#places.delete(oldest);
  }
}

function isFor(caller: Caller, reach: Reach): boolean {
  if (reach === 'everyone' || caller.seesAll) return true;
  return reach !== 'whole-site' && caller.sees(reach);
}
