import { isIP } from 'node:net';

/** Addresses that are remembered. An attacker with more of them pushes out the oldest, who begin anew. */
const maxAddresses = 10_000;
/** Wrong tokens in a row that an address may present; a person who mistypes needs three. */
const burst = 10;
/** Then one more each of these. */
const refillMs = 6_000;
/** Tokens that were right lately, by address: whoever guesses behind the same proxy does not lock out who is known. */
const maxKnown = 10_000;

/** Counts failed authentications by address, so that guessing and its cost end soon. */
export class Attempts {
  readonly #failed = new Map<string, { left: number; at: number }>();
  readonly #known = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Whether the token is looked at.
   * @returns 0, or ms until this address may try again
   */
  waitMs(address: string, token: string): number {
    const bucket = this.#failed.get(networkOf(address));
    if (bucket === undefined || this.#known.has(knownKey(address, token))) return 0;
    const left = this.#refilled(bucket);
    return left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
  }

  failed(address: string, token: string): void {
    this.#known.delete(knownKey(address, token));
    const key = networkOf(address);
    const bucket = this.#failed.get(key);
    const left = bucket === undefined ? burst : this.#refilled(bucket);
    // Taken out and put back: the map's order is that of the last failure.
    this.#failed.delete(key);
    this.#failed.set(key, { left: Math.max(0, left - 1), at: this.#now() });
    dropOldest(this.#failed, maxAddresses);
  }

  succeeded(address: string, token: string): void {
    const key = knownKey(address, token);
    this.#known.delete(key);
    this.#known.add(key);
    dropOldest(this.#known, maxKnown);
  }

  #refilled({ left, at }: { readonly left: number; readonly at: number }): number {
    return Math.min(burst, left + Math.max(0, this.#now() - at) / refillMs);
  }
}

function dropOldest(
  kept: { size: number; keys(): Iterator<string>; delete(key: string): unknown },
  most: number,
) {
  if (kept.size <= most) return;
  const oldest = kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
}

/** By the token's id, the part that is no secret. */
function knownKey(address: string, token: string): string {
  return `${networkOf(address)} ${token.slice(0, 'whorl_'.length + 11)}`;
}

/** An IPv6 network of 64 bits is one client: it has every address of it. */
function networkOf(address: string): string {
  if (isIP(address) !== 6 || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
