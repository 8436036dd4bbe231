import type { EventOf } from '../../fingerprint/event.ts';

/** Clients keep an address beyond its TTL: glibc's callers until they reconnect, the JVM 30 s, pools for minutes. */
const graceUs = 600_000_000;
/** Resolvers give up after 5 s and two more tries. */
const answerWithinUs = 20_000_000;
const maxQuestions = 256;
const maxNames = 4_096;

interface Named {
  readonly name: string;
  readonly until: number;
}

/**
 * Which name an address has for one instance: what its own resolver answered to a question it had asked. An answer that
 * nobody asked for, from another server or of another name, gives no address a name.
 */
export class PeerNames {
  readonly #questions = new Map<string, number>();
  readonly #names = new Map<string, Named>();
  #epoch = 0;

  /** Changes whenever an address may be called otherwise than before, but for a name's running out. */
  get epoch(): number {
    return this.#epoch;
  }

  asked(event: EventOf<'resolve'>): void {
    put(this.#questions, questionKey(event), event.time, maxQuestions);
  }

  /** @returns false when it answers no outstanding question. */
  answered(event: EventOf<'resolve'>): boolean {
    const asked = this.#questions.get(questionKey(event));
    if (asked === undefined || event.time > asked + answerWithinUs) return false;
    const name = toName(event.name);
    const chain = new Set([name]);
    for (const record of event.answers ?? []) {
      if (!chain.has(toName(record.name))) continue;
      if (record.type === 'CNAME') chain.add(toName(record.data));
      else {
        this.#name(toAddress(record.data), name, event.time, record.ttl);
      }
    }
    return true;
  }

  /** Until when `nameOf` says of this address what it says now, as long as the epoch is the same. */
  holdsUntil(address: string): number {
    const plain = toAddress(address);
    return isLoopback(plain)
      ? Number.POSITIVE_INFINITY
      : (this.#names.get(plain)?.until ?? Number.POSITIVE_INFINITY);
  }

  #name(address: string, name: string, time: number, ttl: number): void {
    const before = this.#names.get(address);
    const isRenewal = before?.name === name && before.until >= time;
    if (!isRenewal || this.#names.size >= maxNames) this.#epoch += 1;
    put(this.#names, address, { name, until: time + ttl * 1_000_000 + graceUs }, maxNames);
  }

  /** What the address is called at that time: `localhost`, the name that was asked for, or nothing. */
  nameOf(address: string, time: number): string | undefined {
    const plain = toAddress(address);
    // Loopback is never renamed by an answer: a public name that points inward would hide there.
    if (isLoopback(plain)) return 'localhost';
    const named = this.#names.get(plain);
    return named !== undefined && named.until >= time ? named.name : undefined;
  }
}

/** Lower case, without the root's dot: names are equal as DNS compares them. */
export function toName(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}

/** An IPv4 address inside IPv6 is that IPv4 address. */
export function toAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase();
}

/** Also the unspecified address: Linux connects it to the own host. */
function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1' || address === '0.0.0.0' || address === '::';
}

function questionKey(event: EventOf<'resolve'>): string {
  return JSON.stringify([event.id, toName(event.name), toAddress(event.server)]);
}

/** The oldest goes when there is no room. */
function put<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  map.delete(key);
  if (map.size >= max) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
