import { type Effective, effectiveOf, type SiteDocuments } from '../fingerprint/effective.ts';
import { carriedApproval, exactRuling } from '../fingerprint/effective-mode.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import { isNeverLearnableEntry } from '../fingerprint/grave-entry.ts';
import type { Approval } from '../fingerprint/incident.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import { findRule, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { ApprovalShelf } from './approval-shelf.ts';
import type { InForce, Untrusted } from './core/watched.ts';
import { FingerprintShelf, type Held, type ShelfLimits } from './fingerprint-shelf.ts';
import { carriedOf, contentOf, factsOf, inForceOf, siteKey } from './in-force.ts';
import { OverlayShelf } from './overlay-shelf.ts';
import { RefusedShelf } from './refused-shelf.ts';
import type { Signed } from './signed.ts';

/** Combinations of overlays and approvals one fingerprint is kept ready for: as many as it has scopes here, which is a few. */
const maxReady = 64;

/** All that was verified under one policy, and what it comes to for a workload. */
export class Shelves {
  readonly bases: FingerprintShelf;
  readonly overlays = new OverlayShelf();
  readonly approvals = new ApprovalShelf();
  readonly refused: RefusedShelf;
  readonly #policy: TrustPolicy | undefined;

  constructor(policy: TrustPolicy | undefined, platform: Platform, limits: Partial<ShelfLimits> = {}) {
    this.#policy = policy;
    this.bases = new FingerprintShelf(platform, limits);
    this.refused = new RefusedShelf(platform, this.bases.limits.earlier);
  }

  has({ kind, verified: { stream, digest } }: Signed): boolean {
    switch (kind) {
      case 'base':
        return this.bases.newest(stream)?.digest === digest;
      case 'overlay':
        return this.overlays.has(stream, digest);
      case 'approval':
        return this.approvals.has(stream, digest);
    }
  }

  put(signed: Signed): void {
    switch (signed.kind) {
      case 'base':
        this.bases.put(signed.verified);
        return;
      case 'overlay':
        this.overlays.put(signed.verified);
        return;
      case 'approval':
        this.approvals.put(signed.verified);
        return;
    }
  }

  /** The payloads of all that holds, or waits for what it is about. */
  inForce(): ReadonlySet<string> {
    const bases = [...this.bases.all()].map((held) => held.verified);
    return new Set([...bases, ...this.overlays.all(), ...this.approvals.all()].map((v) => v.digest));
  }

  /** What comes to the same as it did on those stays the same object, so that nothing is judged anew for it. */
  follow(before: Shelves): void {
    for (const held of this.bases.all()) {
      const earlier = before.bases.find(held.verified.digest);
      if (earlier === undefined) continue;
      held.used = earlier.used;
      held.before = [...earlier.ready.values(), ...earlier.before].slice(0, maxReady);
      // What the policy says of it has not changed: then nothing has to be computed again, which takes its time.
      if (factsOf(held.verified) !== factsOf(earlier.verified)) continue;
      for (const [key, ready] of earlier.ready) held.ready.set(key, ready);
    }
  }

  judging(workload: Workload): InForce | undefined {
    const held = this.#heldFor(workload);
    return held && this.#inForce(held, workload);
  }

  /** What was signed for it and is refused, unless something else that a person signed judges it. */
  untrusted(workload: Workload): Untrusted | undefined {
    const refused = this.refused.about(workload, this.#policy);
    if (refused === undefined) return undefined;
    return this.#heldFor(workload)?.verified.provisional === false ? undefined : refused;
  }

  #heldFor(workload: Workload): Held | undefined {
    return this.bases.judging(workload, (verified) => this.#isApproved(verified, workload));
  }

  #isApproved(verified: VerifiedFingerprint, workload: Workload): boolean {
    const { name } = verified.fingerprint.subject;
    return exactRuling(verified, this.approvals.of(name), called(workload, name)) !== undefined;
  }

  /** What was approved for an earlier digest of a workload whose own has no fingerprint. */
  carried(workload: Workload): Approval | undefined {
    const name = this.#originalName(workload.subject.name);
    const carried = carriedApproval(this.approvals.of(name), called(workload, name), this.#ruleMode(name));
    return carried !== undefined && this.#isPlain(carried.item.fingerprint) ? carriedOf(carried) : undefined;
  }

  /**
   * Whether what was approved is here and grants nothing that is never learnable: else the software may always do that,
   * and a collector that holds its fingerprint back must not have it stopped for it.
   */
  #isPlain(digest: string): boolean {
    const behaviour = this.bases.find(digest)?.verified.fingerprint.behaviour;
    if (behaviour === undefined) return false;
    return !grantsOf(behaviour).some(({ program, entry }) => isNeverLearnableEntry(program, entry));
  }

  /** What it comes to without regard to any one workload. */
  effective(verified: VerifiedFingerprint): Effective {
    return effectiveOf(verified, this.#site(verified, nobody));
  }

  #inForce(held: Held, workload: Workload): InForce {
    const { verified, ready } = held;
    const { name } = verified.fingerprint.subject;
    const site = this.#site(verified, workload);
    const key = siteKey(site, workload);
    const known = ready.get(key);
    if (known !== undefined) return known.inForce;
    const effective = effectiveOf(verified, site, { workload: called(workload, name) });
    const content = contentOf(verified, effective);
    const same = [...ready.values(), ...held.before].find((r) => r.content === content);
    const fresh = same ?? { content, inForce: inForceOf(verified, effective) };
    if (ready.size >= maxReady) ready.clear();
    ready.set(key, fresh);
    return fresh.inForce;
  }

  #site(verified: VerifiedFingerprint, workload: Workload): SiteDocuments {
    const { name } = verified.fingerprint.subject;
    const approvals = this.approvals.of(name);
    const ruling = carriedApproval(approvals, called(workload, name), 'kill');
    const predecessor = ruling && this.bases.find(ruling.item.fingerprint)?.verified;
    return {
      overlays: this.overlays.of(verified),
      approvals,
      maxMode: this.#ruleMode(name),
      ...(predecessor === undefined ? {} : { predecessor }),
    };
  }

  #ruleMode(name: string): Mode {
    return (this.#policy && findRule(this.#policy, name)?.maxMode) ?? 'alert';
  }

  /** The same name, or that of which it is a mirror here. */
  #originalName(running: string): string {
    const mirrored = this.#policy?.rules.map((rule) => rule.mirrors?.get(running));
    return mirrored?.find((name) => name !== undefined) ?? running;
  }
}

/** Whoever it may be: no scope takes in a workload of no name. */
const nobody: Workload = {
  cluster: '',
  namespace: '',
  owner: '',
  container: '',
  role: 'main',
  subject: { name: '', digest: '' },
};

/** Approvals name what was signed, not the mirror it was pulled from. */
function called(workload: Workload, name: string): Workload {
  return { ...workload, subject: { ...workload.subject, name } };
}
