import type { Event } from '../../../../fingerprint/event.ts';
import { ContainerPlaces } from '../container-places.ts';
import type { NodeView } from '../node-view.ts';
import { containerIdOf, isSend, serverOf } from './containers.ts';
import { type FalcoRecord, textOf } from './record.ts';

/** What events call it: as many digits as Falco has from the first alert on. */
const shortId = 12;
/** As many as ContainerPlaces remembers. */
const maxContainers = 8_192;
/** Ports at which one container waits for datagrams; a name server waits at two. */
const maxServers = 1_024;

/** The container of an alert. */
export interface Whereabouts {
  readonly id: string;
  /** Undefined when its control group was not found. */
  readonly cgroup: number | undefined;
}

/** The containers of a node, from the first alert of each on; nothing is waited for. */
export class LiveContainers {
  readonly #places: ContainerPlaces;
  /** Container → its datagram servers. */
  readonly #servers = new Map<string, Set<string>>();

  constructor(view: NodeView) {
    this.#places = new ContainerPlaces(view);
  }

  /** @param told gets the event of a control group that was found */
  of(record: FalcoRecord, pid: number, told: Event[]): Whereabouts | undefined {
    const full = containerIdOf(record);
    if (full === undefined) return undefined;
    const id = full.slice(0, shortId);
    return { id, cgroup: this.#places.cgroupOf(id, pid, record.time, told) };
  }

  /** It waits for datagrams: what it sends may be an answer. */
  serves(id: string): boolean {
    return this.#servers.has(id);
  }

  bound(record: FalcoRecord, id: string): void {
    if (textOf(record, 'type') !== 'bind') return;
    const known = this.#servers.get(id);
    if (known === undefined && this.#servers.size >= maxContainers) this.#servers.clear();
    const servers = known ?? new Set();
    if (servers.size < maxServers) servers.add(serverOf(record));
    this.#servers.set(id, servers);
  }

  /** What is sent from there answers whoever asked: no connection of the container's own. */
  isAnswer(record: FalcoRecord, id: string | undefined): boolean {
    return id !== undefined && isSend(record) && this.#servers.get(id)?.has(serverOf(record)) === true;
  }
}
