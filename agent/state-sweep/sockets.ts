import type { Event } from '../../fingerprint/event.ts';
import { type FoundSocket, foundSockets } from '../core/sweep/sockets.ts';
import type { ProcessGlance } from '../ports/state-view.ts';
import { foundBy, isWatched, type Member, type SweepWorld } from './member.ts';
import type { Pause } from './pause.ts';

/** A proxy's connections, twice. Beyond, those of a namespace are looked at anew. */
const maxKnown = 65_536;

/** Connections and listeners of each network namespace that a watched process is in. */
export class Sockets {
  readonly #world: SweepWorld;
  /** Inodes whose owner was looked for, by namespace. */
  #known = new Map<string, ReadonlySet<number>>();
  /** New since the last round; told when they are still there a little later, for each has an event on its way. */
  #fresh = new Map<string, { readonly pid: number; readonly inodes: ReadonlySet<number> }>();

  constructor(world: SweepWorld) {
    this.#world = world;
  }

  get hasDoubts(): boolean {
    return this.#fresh.size > 0;
  }

  forget(): void {
    this.#known = new Map();
  }

  async look(members: readonly Member[], pause: Pause): Promise<void> {
    this.#fresh = new Map();
    const known = new Map<string, ReadonlySet<number>>();
    for (const [network, pid] of networks(members)) {
      await pause.now();
      const inodes = (await this.#read(pid)).map((socket) => socket.inode);
      const before = this.#known.get(network);
      known.set(network, new Set(inodes.filter((inode) => before?.has(inode) === true).slice(0, maxKnown)));
      const fresh = inodes.filter((inode) => before?.has(inode) !== true);
      if (fresh.length > 0) this.#fresh.set(network, { pid, inodes: new Set(fresh) });
    }
    this.#known = known;
  }

  /** @param everybody oldest first. @returns how many sockets were told of */
  async confirm(everybody: readonly ProcessGlance[], pause: Pause): Promise<number> {
    let told = 0;
    for (const [network, { pid, inodes }] of this.#fresh) {
      const sockets = (await this.#read(pid)).filter((socket) => inodes.has(socket.inode));
      const events = await this.#ownersOf(network, sockets, everybody, pause);
      if (events.length > 0) this.#world.found(events);
      told += events.length;
    }
    return told;
  }

  async #read(pid: number): Promise<readonly FoundSocket[]> {
    const { view, counters } = this.#world;
    const tables = await view.socketTables(pid);
    if (tables === undefined) counters.add('sweep.unreadable');
    return tables === undefined ? [] : foundSockets(tables, view.drawnPorts());
  }

  /**
   * A socket is inherited by whatever is forked and executed: it is the oldest holder's doing, who may be somebody else
   * altogether (systemd listens for its services).
   */
  async #ownersOf(
    network: string,
    sockets: readonly FoundSocket[],
    everybody: readonly ProcessGlance[],
    pause: Pause,
  ): Promise<readonly Event[]> {
    const { view, attribution, now } = this.#world;
    const wanted = new Map(sockets.map((socket) => [socket.inode, socket]));
    const events: Event[] = [];
    for (const { pid, startTicks } of everybody) {
      if (wanted.size === 0) break;
      if (view.networkOf(pid) !== network) continue;
      const record = attribution.alive(pid, startTicks);
      for (const inode of view.sockets(pid)) {
        await pause.now();
        const socket = wanted.get(inode);
        if (socket === undefined) continue;
        wanted.delete(inode);
        if (record !== undefined && isWatched(record)) events.push(eventOf(socket, foundBy(record, now())));
      }
    }
    this.#remember(network, sockets);
    if (wanted.size > 0) this.#world.counters.add('sweep.sockets-of-nobody', wanted.size);
    return events;
  }

  #remember(network: string, sockets: readonly FoundSocket[]): void {
    const all = [...(this.#known.get(network) ?? []), ...sockets.map((socket) => socket.inode)];
    this.#known.set(network, new Set(all.slice(-maxKnown)));
  }
}

function eventOf({ kind, transport, address, port }: FoundSocket, base: ReturnType<typeof foundBy>): Event {
  return { ...base, kind, transport, address, port };
}

/** One process of each, to read its tables through. */
function networks(members: readonly Member[]): Map<string, number> {
  const all = new Map<string, number>();
  for (const { glance, view } of members) {
    const network = view.namespaces[1] ?? '';
    if (network !== '' && !all.has(network)) all.set(network, glance.pid);
  }
  return all;
}
