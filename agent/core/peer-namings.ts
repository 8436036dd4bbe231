import type { Actor } from '../../fingerprint/behaviour.ts';

/** Clients keep an address beyond its TTL: glibc's callers until they reconnect, the JVM 30 s, pools for minutes. */
const graceUs = 600_000_000;
const maxAddresses = 4_096;
/** Names of one address that are kept. A shared front of a CDN has thousands; a workload uses a few of them. */
const maxNames = 4;
/** Programs of one instance that ask for one name: the server, its health check, a shell's tools. */
const maxAskers = 16;

/** What one answer said of one address. */
export interface Told {
  readonly name: string;
  /** The program that asked: one object per program of an instance. */
  readonly asker: Actor;
  /** A public name, and an address inside. */
  readonly inward: boolean;
}

/** One name of one address. */
export interface Naming {
  readonly name: string;
  readonly inward: boolean;
  readonly askers: ReadonlySet<Actor>;
  /** µs since the epoch. Use renews it: software that asks once, at its start, goes on connecting for weeks. */
  until: number;
}

const none: readonly Naming[] = [];

/** Names by address, those asked for most recently first. */
export class NamingTable {
  readonly #byAddress = new Map<string, readonly Naming[]>();
  #epoch = 0;

  get epoch(): number {
    return this.#epoch;
  }

  of(address: string): readonly Naming[] {
    return this.#byAddress.get(address) ?? none;
  }

  add(address: string, { name, asker, inward }: Told, time: number, lifeUs: number): void {
    const live = this.of(address).filter((n) => n.until >= time);
    const [first] = live;
    const known = live.find((n) => n.name === name && n.inward === inward);
    const others = live.filter((n) => n !== known).slice(0, maxNames - 1);
    if (known === undefined || known !== first || !known.askers.has(asker)) this.#epoch += 1;
    const askers = new Set([asker, ...(known?.askers ?? [])].slice(0, maxAskers));
    this.#put(address, [{ name, inward, askers, until: time + lifeUs + graceUs }, ...others]);
  }

  /** The address was connected to by that name: it stays so called for another grace. */
  used(address: string, naming: Naming, time: number): void {
    if (naming.until - time > graceUs / 2) return;
    naming.until = Math.max(naming.until, time + graceUs);
    this.#put(address, this.of(address));
  }

  /** When a connect must be looked at again, so that its use is noticed before the name runs out. */
  lookAgainAt(naming: Naming): number {
    return naming.until - graceUs / 2;
  }

  /** What was not used for longest goes when there is no room. */
  #put(address: string, namings: readonly Naming[]): void {
    this.#byAddress.delete(address);
    if (this.#byAddress.size >= maxAddresses) {
      const oldest = this.#byAddress.keys().next();
      if (oldest.done !== true) this.#byAddress.delete(oldest.value);
      this.#epoch += 1;
    }
    this.#byAddress.set(address, namings);
  }
}

/**
 * Which of several names is meant: what this program asked for before what others did, among these what points where
 * its kind of name points before a public name that points inside, then the one asked for last, since programs ask
 * right before they connect. An address one may reach under several of its names is the same address: whoever asks for
 * another name of it gains nothing but to be told by that name.
 */
export function firstOf(namings: readonly Naming[], asker: Actor): Naming | undefined {
  let best: Naming | undefined;
  for (const naming of namings)
    if (best === undefined || rank(naming, asker) < rank(best, asker)) best = naming;
  return best;
}

/** A public name that points inside never hides a name that belongs there, whoever asked for that. */
function rank(naming: Naming, asker: Actor): number {
  return (naming.inward ? 2 : 0) + (naming.askers.has(asker) ? 0 : 1);
}
