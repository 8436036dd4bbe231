import { sha256Hex } from '../fingerprint/digest.ts';
import { open, policyPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { readSignedPolicy, verifyPolicyChain } from '../fingerprint/policy-chain.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { policyDigest } from '../fingerprint/trust-policy-writer.ts';
import type { Counters } from './core/counters.ts';
import type { KeptPolicy, PolicyStore } from './ports/kept.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface PolicyDeskOptions {
  /** The node's own policy, read anew each time; undefined: there is none. */
  readonly local: () => Promise<TrustPolicy | undefined>;
  readonly store: PolicyStore;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  readonly maxVersions?: number;
}

/** So many versions beyond the local file are verified again at each start: years of changes, and a few MB. */
const maxVersions = 256;
/** What was refused is told once; a collector offers the same at each connection. */
const maxTold = 1_024;

interface InForce {
  readonly policy: TrustPolicy;
  readonly digest: string;
  /** Of the policies that came by wire, those that lead here from the local file. */
  readonly chain: readonly (KeptPolicy & { readonly digest: string })[];
}

/**
 * Whom this node believes. The local file is where it begins; what comes from a collector may only follow it, version by
 * version, under the signatures of its root. Without root keys in the file nothing from a network counts.
 */
export class PolicyDesk {
  readonly #options: PolicyDeskOptions;
  #kept: readonly KeptPolicy[] = [];
  #damage: FingerprintError | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #cache: { readonly anchor: string; readonly kept: readonly KeptPolicy[]; readonly is: InForce } | undefined;
  #inForce = '';
  readonly #told = new Set<string>();

  constructor(options: PolicyDeskOptions) {
    this.#options = options;
  }

  /** Takes up what earlier runs accepted. */
  async open(): Promise<void> {
    try {
      this.#kept = await this.#options.store.load();
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      // Nothing is trusted rather than what the file alone says: what was revoked since would count again.
      this.#damage = error;
    }
  }

  /**
   * The policy in force; undefined when this node has none. Another one than when last asked is told.
   * @throws FingerprintError when it cannot be read
   */
  async trust(): Promise<TrustPolicy | undefined> {
    const current = await this.#current();
    this.#tellChange(current);
    return current?.policy;
  }

  /** A policy from the collector. @returns true when it is in force from now on */
  async accept(bytes: Uint8Array, name: string): Promise<boolean> {
    const done = this.#tail.then(() => this.#accept(bytes, name));
    this.#tail = done.catch(() => undefined);
    return await done;
  }

  async #accept(bytes: Uint8Array, name: string): Promise<boolean> {
    try {
      const current = await this.#current();
      if (current === undefined) throw noPolicy();
      // Of the bytes alone: content is read once its signatures hold.
      const digest = `sha256:${sha256Hex(open(bytes, [policyPayloadType]).payload)}`;
      if (current.chain.some((kept) => kept.digest === digest)) return false;
      const acceptedAt = this.#options.now();
      verifyPolicyChain(bytes, current.policy, acceptedAt);
      if (current.chain.length >= (this.#options.maxVersions ?? maxVersions)) throw tooLong();
      // First what must not be forgotten, then what it allows: a crash between leaves the older one, and it is sent again.
      const kept = [...current.chain, { acceptedAt, envelope: bytes }];
      await this.#options.store.save(kept.map((k) => ({ acceptedAt: k.acceptedAt, envelope: k.envelope })));
      this.#kept = kept;
      this.#options.counters.add('policies.accepted');
      await this.trust();
      return true;
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      this.#refuse(name, error, bytes);
      return false;
    }
  }

  async #current(): Promise<InForce | undefined> {
    if (this.#damage !== undefined) throw this.#damage;
    const anchor = await this.#options.local();
    if (anchor === undefined) return undefined;
    const digest = policyDigest(anchor);
    if (this.#cache?.anchor !== digest || this.#cache.kept !== this.#kept)
      this.#cache = { anchor: digest, kept: this.#kept, is: this.#extended(anchor, digest) };
    return this.#cache.is;
  }

  /**
   * As far as the policies kept lead on from the local file; one that is as new as they are replaces them. Each is
   * verified as of the moment it was accepted: a root key that has run out since must not undo what it revoked.
   */
  #extended(anchor: TrustPolicy, anchorDigest: string): InForce {
    let is: InForce = { policy: anchor, digest: anchorDigest, chain: [] };
    for (const kept of this.#kept) {
      try {
        const { policy, digest } = readSignedPolicy(kept.envelope);
        if (policy.version <= anchor.version) continue;
        const next = verifyPolicyChain(kept.envelope, is.policy, kept.acceptedAt);
        is = { policy: next, digest, chain: [...is.chain, { ...kept, digest }] };
      } catch (error) {
        if (!(error instanceof FingerprintError)) throw error;
        this.#refuse('a trust policy that was in force', error, kept.envelope);
        return is;
      }
    }
    return is;
  }

  #tellChange(current: InForce | undefined): void {
    if (this.#inForce === (current?.digest ?? '')) return;
    this.#inForce = current?.digest ?? '';
    if (current === undefined) return;
    const { policy, digest, chain } = current;
    const { version, issuedAt, expiresAt } = policy;
    const source = chain.length === 0 ? 'file' : 'collector';
    const until = expiresAt === undefined ? {} : { expiresAt };
    this.#options.say({ type: 'policy-in-force', version, digest, issuedAt, ...until, source });
  }

  #refuse(name: string, error: FingerprintError, bytes: Uint8Array): void {
    const { code, field } = error;
    const message = printable(field === '' ? error.message : `${field} ${error.message}`, 400);
    this.#options.counters.add(`policies.refused.${code}`);
    const about = `${code} ${sha256Hex(bytes)}`;
    if (this.#told.has(about)) return;
    if (this.#told.size >= maxTold) this.#told.clear();
    this.#told.add(about);
    this.#options.log.warn({ name: printable(name), code, reason: message }, 'trust policy refused');
    this.#options.say({ type: 'policy-refused', name: printable(name), code, message });
  }
}

function noPolicy(): FingerprintError {
  const message = 'cannot follow a policy of this node, which has none: put the first one there by hand';
  return new FingerprintError('POLICY_CHAIN', message);
}

function tooLong(): FingerprintError {
  const message = `comes after ${maxVersions} others that lead from the local file: replace that file by the policy in force`;
  return new FingerprintError('POLICY_CHAIN', message);
}
