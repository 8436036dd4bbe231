import { sha256Hex } from '../fingerprint/digest.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { modes } from '../fingerprint/verdict.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { InForce } from './core/watched.ts';
import type { FingerprintSource, Log, StateStore } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface FingerprintDeskOptions {
  readonly source: FingerprintSource;
  readonly state: StateStore;
  /** The node's own policy, read anew each time: a policy that was changed rules at once. Undefined: there is none. */
  readonly trust: () => Promise<TrustPolicy | undefined>;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

interface Held {
  readonly verified: VerifiedFingerprint;
  readonly inForce: InForce;
}

/** Fingerprints that hold on this node. Each is verified here, whoever brought it, before it judges or is kept. */
export class FingerprintDesk {
  readonly #options: FingerprintDeskOptions;
  readonly #byStream = new Map<string, Held>();
  readonly #seen = new Map<string, { readonly version: number; readonly digest: string }>();
  #aliveAt = 0;

  constructor(options: FingerprintDeskOptions) {
    this.#options = options;
  }

  /** µs since the epoch when an agent last watched here; 0 when never. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  /** Takes up what earlier runs accepted. */
  async open(): Promise<void> {
    const state = await this.#options.state.load();
    this.#aliveAt = state.aliveAt;
    for (const [stream, last] of Object.entries(state.streams)) this.#seen.set(stream, last);
    for (const { name, bytes } of await this.#options.source.envelopes())
      await this.#accept(bytes, name, false);
  }

  /** @returns true when something else judges from now on. */
  async accept(bytes: Uint8Array, name: string): Promise<boolean> {
    return await this.#accept(bytes, name, true);
  }

  /** What judges a workload: same name and digest; of several streams the one that may go furthest. */
  judging(workload: Workload): InForce | undefined {
    const { name, digest } = workload.subject;
    let best: Held | undefined;
    for (const held of this.#byStream.values()) {
      const { verified } = held;
      if (verified.fingerprint.subject.name !== name || !verified.digests.includes(digest)) continue;
      if (best === undefined || rank(held) > rank(best)) best = held;
    }
    return best?.inForce;
  }

  async alive(at: number): Promise<void> {
    this.#aliveAt = at;
    await this.#save();
  }

  async #accept(bytes: Uint8Array, name: string, keep: boolean): Promise<boolean> {
    try {
      const policy = await this.#options.trust();
      if (policy === undefined) return this.#refuse(name, 'NO_TRUST', 'this node has no trust policy');
      const verified = verifyFingerprint(bytes, policy, { now: this.#options.now(), seen: this.#seen });
      const { fingerprint, digest, stream } = verified;
      if (this.#byStream.get(stream)?.verified.digest === digest) return false;
      // First what must not be forgotten, then what it allows: a crash between leaves the stricter state.
      this.#seen.set(stream, { version: fingerprint.version, digest });
      await this.#save();
      if (keep) await this.#options.source.keep(keptName(stream), bytes);
      this.#byStream.set(stream, { verified, inForce: inForceOf(verified) });
      this.#options.say(inForceLine(verified));
      return true;
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      return this.#refuse(
        name,
        error.code,
        error.field === '' ? error.message : `${error.field} ${error.message}`,
      );
    }
  }

  #refuse(name: string, code: string, message: string): false {
    const line = {
      type: 'fingerprint-refused',
      name: printable(name),
      code,
      message: printable(message),
    } as const;
    this.#options.log.warn({ name: line.name, code, reason: line.message }, 'fingerprint refused');
    this.#options.say(line);
    return false;
  }

  async #save(): Promise<void> {
    await this.#options.state.save({ streams: Object.fromEntries(this.#seen), aliveAt: this.#aliveAt });
  }
}

function inForceOf(verified: VerifiedFingerprint): InForce {
  const { fingerprint, digest, maxMode } = verified;
  const approval = {
    fingerprint: digest,
    version: fingerprint.version,
    signedBy: signedBy(verified),
    maxMode,
  };
  return { index: indexBehaviour(fingerprint), approval };
}

function inForceLine(verified: VerifiedFingerprint): StateLine {
  const { fingerprint, digest, maxMode } = verified;
  return {
    type: 'fingerprint-in-force',
    subject: fingerprint.subject,
    digest,
    version: fingerprint.version,
    signedBy: signedBy(verified),
    maxMode,
    warnings: verified.warnings.map((w) => w.code),
  };
}

function signedBy(verified: VerifiedFingerprint): string {
  return printable(verified.signers.map((s) => (s.owner === '' ? s.keyId.slice(0, 16) : s.owner)).join(', '));
}

function rank({ verified }: Held): number {
  return modes.indexOf(verified.maxMode);
}

/** Streams are named by signers; a file name of their choosing could be a path. */
function keptName(stream: string): string {
  return sha256Hex(new TextEncoder().encode(stream)).slice(0, 32);
}
