import { toAddress } from '../../fingerprint/address.ts';
import type { Actor } from '../../fingerprint/behaviour.ts';
import type { DnsAnswer, EventOf } from '../../fingerprint/event.ts';
import { isHostName, toName } from '../../fingerprint/host-name.ts';
import type { PeerDirectory } from './address-book.ts';
import { isInward, isLoopback } from './peer-address.ts';
import { isLocalhost, isPublicName } from './peer-name.ts';
import { firstOf, type Naming, NamingTable } from './peer-namings.ts';
import type { Surroundings } from './surroundings.ts';

/** Resolvers give up after 5 s and two more tries. */
const answerWithinUs = 20_000_000;
const maxQuestions = 256;
/** The most that unbound and dnsmasq keep anything: whoever answers chooses the TTL. */
const maxTtlSeconds = 86_400;
/** RFC 2181: a TTL with the highest bit set is none. */
const ttlSignBit = 2 ** 31;
/** RFC 1034 knows no limit; resolvers give up before this. */
const maxChain = 16;

export interface PeerSources {
  /** Undefined while unknown (a recording): then the server a question went to is the resolver. */
  readonly surroundings?: () => Surroundings | undefined;
  /** Names addresses that no answer named. */
  readonly directory?: PeerDirectory;
}

/** The resolver that this copy is configured to ask. */
const resolverPeer = '{resolver}';

/** What an answer was: of no question; of one; of a public name that points inside. */
export type AnswerIs = 'stray' | 'answer' | 'inward';

export type Peer =
  | { readonly peer: string; readonly inward?: true }
  | { readonly peer: string; readonly unnamed: true };

interface Question {
  readonly time: number;
  readonly asker: Actor;
}

/**
 * Which name an address has for one instance: what its own resolver answered to a question it had asked. An answer that
 * nobody asked for, from another server or of another name, gives no address a name (docs/format.md, peers).
 */
export class PeerNames {
  readonly #surroundings: () => Surroundings | undefined;
  readonly #directory: PeerDirectory | undefined;
  readonly #questions = new Map<string, Question>();
  readonly #namings = new NamingTable();

  constructor(sources: PeerSources = {}) {
    this.#surroundings = sources.surroundings ?? (() => undefined);
    this.#directory = sources.directory;
  }

  /** Changes whenever an address may be called otherwise than before, but for a name's running out. */
  get epoch(): number {
    // Both only grow, so their sum stands still only when both do.
    return this.#namings.epoch + (this.#directory?.epoch ?? 0);
  }

  asked(event: EventOf<'resolve'>, asker: Actor): void {
    if (!this.#isResolver(event.server)) return;
    const key = questionKey(event);
    this.#questions.delete(key);
    if (this.#questions.size >= maxQuestions) {
      const oldest = this.#questions.keys().next();
      if (oldest.done !== true) this.#questions.delete(oldest.value);
    }
    this.#questions.set(key, { time: event.time, asker });
  }

  answered(event: EventOf<'resolve'>): AnswerIs {
    const key = questionKey(event);
    const question = this.#questions.get(key);
    if (question === undefined || event.time > question.time + answerWithinUs) return 'stray';
    // A resolver believes the first answer. One that was cut is asked for again, or read a second time.
    if (event.truncated !== true) this.#questions.delete(key);
    const name = toName(event.name);
    const search = this.#surroundings()?.search ?? [];
    const isPublic = isPublicName(name, search);
    let answerIs: AnswerIs = 'answer';
    for (const { data, ttl } of addressesOf(name, event.answers ?? [])) {
      const address = toAddress(data);
      const inward = isPublic && isInward(address);
      if (inward) answerIs = 'inward';
      if (isLoopback(address) || !mayName(name)) continue;
      const lifeUs = (ttl >= ttlSignBit ? 0 : Math.min(ttl, maxTtlSeconds)) * 1_000_000;
      this.#namings.add(address, { name, asker: question.asker, inward }, event.time, lifeUs);
    }
    return answerIs;
  }

  /** What the address is called by this program at that time. */
  peerOf(address: string, time: number, asker: Actor): Peer {
    const plain = toAddress(address);
    // Loopback is everybody's own, for reasons of its own: a public name that points there is judged at its answer.
    if (isLoopback(plain)) return { peer: 'localhost' };
    if (this.#isOwn(plain)) return { peer: plain };
    // Its address is the site's; whoever else is asked for names shows.
    if (this.#surroundings()?.resolvers?.includes(plain) === true) return { peer: resolverPeer };
    const naming = this.#naming(plain, time, asker);
    if (naming !== undefined && !isWeak(naming, asker)) return this.#used(plain, naming, time);
    const housed = this.#directory?.nameOf(plain);
    if (housed !== undefined) return { peer: housed };
    return naming === undefined ? { peer: plain, unnamed: true } : this.#used(plain, naming, time);
  }

  /** What an address inside an argument stands for; never loopback, which is the same everywhere. */
  nameInText(address: string, time: number, asker: Actor): string | undefined {
    const plain = toAddress(address);
    if (isLoopback(plain) || this.#isOwn(plain)) return undefined;
    const peer = this.peerOf(plain, time, asker);
    return 'unnamed' in peer || peer.peer === resolverPeer ? undefined : peer.peer;
  }

  /** Until when `peerOf` says of this address what it says now, as long as the epoch is the same. */
  holdsUntil(address: string, time: number): number {
    const live = this.#namings.of(toAddress(address)).filter((n) => n.until >= time);
    return Math.min(Number.POSITIVE_INFINITY, ...live.map((n) => this.#namings.lookAgainAt(n)));
  }

  #naming(plain: string, time: number, asker: Actor): Naming | undefined {
    const live = this.#namings.of(plain).filter((n) => n.until >= time);
    return firstOf(live, asker);
  }

  #used(plain: string, naming: Naming, time: number): Peer {
    this.#namings.used(plain, naming, time);
    return naming.inward ? { peer: naming.name, inward: true } : { peer: naming.name };
  }

  #isOwn(plain: string): boolean {
    return this.#surroundings()?.addresses.includes(plain) === true;
  }

  #isResolver(server: string): boolean {
    const known = this.#surroundings()?.resolvers;
    return known === undefined || known.includes(toAddress(server));
  }
}

/** Only this program was told so, by somebody who may be a stranger: whatever else is known of the address goes first. */
function isWeak(naming: Naming, asker: Actor): boolean {
  return naming.inward && !naming.askers.has(asker);
}

/** What has not the form of a host name, and what by its meaning is loopback, names no other address. */
function mayName(name: string): boolean {
  return isHostName(name) && !isLocalhost(name);
}

/** The addresses of the name that was asked for, along its chain of aliases in whatever order the records came. */
function addressesOf(name: string, records: readonly DnsAnswer[]): readonly DnsAnswer[] {
  const chain = new Set([name]);
  for (let before = 0; before !== chain.size && chain.size <= maxChain; ) {
    before = chain.size;
    for (const r of records) if (r.type === 'CNAME' && chain.has(toName(r.name))) chain.add(toName(r.data));
  }
  return records.filter((r) => r.type !== 'CNAME' && chain.has(toName(r.name)));
}

/**
 * A socket belongs to one process: an answer that another one reads is of no question of its own. Two questions of one
 * process with the same number differ in name or type.
 */
function questionKey({ process, id, type, name, server }: EventOf<'resolve'>): string {
  return JSON.stringify([process.pid, process.start, id, type, toName(name), toAddress(server)]);
}
