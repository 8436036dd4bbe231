import { parseTimestamp } from '../fingerprint/timestamp.ts';
import { findRule, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import type { Held } from './fingerprint-shelf.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Under which policy all that is here was verified, and for how long it comes to the same. */
export class PolicyTerm {
  #text = '';
  /** ms since the epoch when time alone may change what holds. */
  #until = Number.POSITIVE_INFINITY;

  get hasBegun(): boolean {
    return this.#text !== '';
  }

  /** @param now ms since the Unix epoch */
  covers(policy: TrustPolicy, now: number): boolean {
    return textOf(policy) === this.#text && now < this.#until;
  }

  begin(policy: TrustPolicy, held: Iterable<Held>, now: number): void {
    this.#text = textOf(policy);
    this.#until = nextMoment(policy, held, now);
  }
}

function textOf(policy: TrustPolicy): string {
  return JSON.stringify(trustPolicyDocument(policy));
}

/**
 * When something that was verified may come to be worth less, or more: ends of documents and of the times in which keys
 * count. @param now ms since the Unix epoch @returns Infinity: never
 */
function nextMoment(policy: TrustPolicy, held: Iterable<Held>, now: number): number {
  const { expiresAt, keys, retired } = policy;
  const times = [expiresAt, ...[...(retired ?? new Map()).values()].map((r) => r.at)];
  for (const { notBefore, notAfter } of keys.values()) times.push(notBefore, notAfter);
  const moments = times.map(msOf);
  for (const { verified } of held) {
    const { fingerprint } = verified;
    const days = findRule(policy, fingerprint.subject.name)?.maxAgeDays ?? Number.POSITIVE_INFINITY;
    moments.push(msOf(fingerprint.expiresAt), msOf(fingerprint.issuedAt) + days * dayMs);
  }
  return moments.reduce((next, at) => (at > now && at < next ? at : next), Number.POSITIVE_INFINITY);
}

function msOf(text: string | undefined): number {
  return text === undefined ? Number.POSITIVE_INFINITY : (parseTimestamp(text) ?? Number.POSITIVE_INFINITY);
}
