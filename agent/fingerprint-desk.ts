import { sha256Hex } from '../fingerprint/digest.ts';
import { joinBindings } from '../fingerprint/effective-bindings.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { printable } from '../fingerprint/printable.ts';
import { inScope, specificity } from '../fingerprint/scope.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { modes } from '../fingerprint/verdict.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { type VerifiedOverlay, verifyOverlay } from '../fingerprint/verify-overlay.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Counters } from './core/counters.ts';
import type { InForce } from './core/watched.ts';
import { OverlayShelf } from './overlay-shelf.ts';
import { type FingerprintSource, type Log, learnedName, type StateStore } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface FingerprintDeskOptions {
  readonly source: FingerprintSource;
  readonly state: StateStore;
  /** The node's own policy, read anew each time: a policy that was changed rules at once. Undefined: there is none. */
  readonly trust: () => Promise<TrustPolicy | undefined>;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  readonly maxProvisional?: number;
}

interface Held {
  readonly verified: VerifiedFingerprint;
  /** By the overlays that add to it: the same object as long as the same ones do. */
  readonly inForce: Map<string, InForce>;
  /** When it last judged, counted in questions; 0 when it never did. */
  used: number;
}

/** Combinations of overlays one fingerprint is kept ready for: as many as it has scopes here, which is a few. */
const maxReady = 64;

/** As many workloads as are watched at once: each new digest has one of its own, and none is ever replaced by another's. */
const maxProvisional = 1_024;

/** Fingerprints that hold on this node. Each is verified here, whoever brought it, before it judges or is kept. */
export class FingerprintDesk {
  readonly #options: FingerprintDeskOptions;
  readonly #byStream = new Map<string, Held>();
  readonly #overlays = new OverlayShelf();
  readonly #seen = new Map<string, { readonly version: number; readonly digest: string }>();
  #aliveAt = 0;
  #questions = 0;

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

  /** What judges a workload: of its name, its digest and its owner; of several streams the one that is most for it. */
  judging(workload: Workload): InForce | undefined {
    const { name, digest } = workload.subject;
    let best: Held | undefined;
    for (const held of this.#byStream.values()) {
      const { verified } = held;
      if (verified.fingerprint.subject.name !== name || !verified.digests.includes(digest)) continue;
      if (!inScope(verified.fingerprint.scope, workload)) continue;
      if (best === undefined || goesBefore(verified, best.verified)) best = held;
    }
    if (best === undefined) return undefined;
    this.#questions += 1;
    best.used = this.#questions;
    return this.#inForce(best, workload);
  }

  /** @returns true when something that a site had bound is bound no more. */
  lapse(): boolean {
    const over = this.#overlays.lapse(this.#options.now());
    for (const overlay of over) this.#options.say(overlayLine('overlay-ended', overlay));
    return over.length > 0;
  }

  #inForce({ verified, inForce }: Held, workload: Workload): InForce {
    const overlays = this.#overlays.of(verified, workload);
    const key = overlays.map((o) => o.digest).join();
    const ready = inForce.get(key);
    if (ready !== undefined) return ready;
    const fresh = inForceOf(verified, overlays);
    if (inForce.size >= maxReady) inForce.clear();
    inForce.set(key, fresh);
    return fresh;
  }

  async alive(at: number): Promise<void> {
    this.#aliveAt = at;
    await this.#save();
  }

  async #accept(bytes: Uint8Array, name: string, keep: boolean): Promise<boolean> {
    try {
      const policy = await this.#options.trust();
      if (policy === undefined) return this.#refuse(name, 'NO_TRUST', 'this node has no trust policy');
      if (kindOfEnvelope(bytes) === 'overlay') return await this.#acceptOverlay(bytes, policy, keep);
      const verified = verifyFingerprint(bytes, policy, { now: this.#options.now(), seen: this.#seen });
      const { fingerprint, digest, stream } = verified;
      if (this.#byStream.get(stream)?.verified.digest === digest) return false;
      // First what must not be forgotten, then what it allows: a crash between leaves the stricter state.
      this.#seen.set(stream, { version: fingerprint.version, digest });
      await this.#save();
      if (keep) await this.#options.source.keep(keptName(verified), bytes);
      this.#byStream.set(stream, { verified, inForce: new Map(), used: this.#questions });
      if (verified.provisional) await this.#makeRoom();
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

  /** The one that has not judged for longest goes: its workload is gone, or the collector sends it again. */
  async #makeRoom(): Promise<void> {
    const learned = [...this.#byStream.values()].filter(({ verified }) => verified.provisional);
    if (learned.length <= (this.#options.maxProvisional ?? maxProvisional)) return;
    const { verified } = learned.reduce((idle, held) => (held.used < idle.used ? held : idle));
    this.#byStream.delete(verified.stream);
    this.#seen.delete(verified.stream);
    await this.#options.source.forget(keptName(verified));
    this.#options.counters.add('fingerprints.forgotten');
  }

  /** Its fingerprint may come later: then it waits. */
  async #acceptOverlay(bytes: Uint8Array, policy: TrustPolicy, keep: boolean): Promise<boolean> {
    const overlay = verifyOverlay(bytes, policy, { now: this.#options.now(), seen: this.#seen });
    const { digest, stream } = overlay;
    if (this.#overlays.has(stream, digest)) return false;
    this.#seen.set(stream, { version: overlay.overlay.version, digest });
    await this.#save();
    if (keep) await this.#options.source.keep(hashedName(stream), bytes);
    this.#overlays.put(overlay);
    this.#options.say(overlayLine('overlay-in-force', overlay));
    return true;
  }

  #refuse(name: string, code: string, message: string): false {
    const line = {
      type: 'fingerprint-refused',
      name: printable(name),
      code,
      message: printable(message),
    } as const;
    this.#options.counters.add(`fingerprints.refused.${code}`);
    this.#options.log.warn({ name: line.name, code, reason: line.message }, 'fingerprint refused');
    this.#options.say(line);
    return false;
  }

  async #save(): Promise<void> {
    await this.#options.state.save({ streams: Object.fromEntries(this.#seen), aliveAt: this.#aliveAt });
  }
}

function inForceOf(verified: VerifiedFingerprint, overlays: readonly VerifiedOverlay[]): InForce {
  const { fingerprint, digest, maxMode } = verified;
  const approval = {
    fingerprint: digest,
    version: fingerprint.version,
    signedBy: signedBy(verified),
    maxMode,
    ...(verified.provisional ? { provisional: true as const } : {}),
  };
  const { phases } = fingerprint;
  return {
    index: indexBehaviour(fingerprint, joinBindings(overlays.map((o) => o.overlay.bindings))),
    approval,
    ...(phases === undefined ? {} : { phases }),
  };
}

function overlayLine(type: 'overlay-in-force' | 'overlay-ended', verified: VerifiedOverlay): StateLine {
  const { overlay, digest, signers } = verified;
  const { subject, base, version, bindings } = overlay;
  return {
    type,
    subject,
    digest,
    base,
    version,
    signedBy: signersText(signers.map(({ key, owner }) => ({ keyId: key.keyId, owner }))),
    sites: [...bindings.sites.keys()],
    volumes: [...bindings.volumes.keys()],
  };
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
    provisional: verified.provisional,
    warnings: verified.warnings.map((w) => w.code),
  };
}

function signedBy({ signers }: VerifiedFingerprint): string {
  return signersText(signers);
}

function signersText(signers: VerifiedFingerprint['signers']): string {
  return printable(signers.map((s) => (s.owner === '' ? s.keyId.slice(0, 16) : s.owner)).join(', '));
}

/** What a person signed goes before what nobody has looked at, what is for this owner alone before the rest. */
function goesBefore(a: VerifiedFingerprint, b: VerifiedFingerprint): boolean {
  if (a.provisional !== b.provisional) return b.provisional;
  const [forA, forB] = [specificity(a.fingerprint.scope), specificity(b.fingerprint.scope)];
  return forA === forB ? modes.indexOf(a.maxMode) > modes.indexOf(b.maxMode) : forA > forB;
}

/** Streams are named by signers; a file name of their choosing could be a path. */
function hashedName(stream: string): string {
  return sha256Hex(new TextEncoder().encode(stream)).slice(0, 32);
}

function keptName({ stream, provisional }: VerifiedFingerprint): string {
  return provisional ? learnedName + hashedName(stream) : hashedName(stream);
}
