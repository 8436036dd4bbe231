import { setImmediate as nextTurn } from 'node:timers/promises';
import { sha256Hex } from '../fingerprint/digest.ts';
import { type Effective, effectiveOf, type SiteDocuments } from '../fingerprint/effective.ts';
import { carriedApproval } from '../fingerprint/effective-mode.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Approval } from '../fingerprint/incident.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Platform } from '../fingerprint/statement-frame.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import { findRule, type TrustPolicy, trustPolicyDocument } from '../fingerprint/trust-policy.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { type VerifiedApproval, verifyApproval } from '../fingerprint/verify-approval.ts';
import { type VerifiedOverlay, verifyOverlay } from '../fingerprint/verify-overlay.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { ApprovalShelf } from './approval-shelf.ts';
import type { Counters } from './core/counters.ts';
import type { InForce } from './core/watched.ts';
import { FingerprintShelf, type Held, type ShelfLimits } from './fingerprint-shelf.ts';
import {
  approvalLine,
  carriedOf,
  contentOf,
  inForceLine,
  inForceOf,
  overlayLine,
  siteKey,
} from './in-force.ts';
import { nextMoment } from './next-moment.ts';
import { OverlayShelf } from './overlay-shelf.ts';
import { earlierName, type FingerprintSource, type Log, learnedName, type StateStore } from './ports.ts';
import { SiteLog } from './site-log.ts';
import type { StateLine } from './state-line.ts';

export interface FingerprintDeskOptions {
  readonly source: FingerprintSource;
  readonly state: StateStore;
  /** The node's own policy, read anew each time: a policy that was changed rules at once. Undefined: there is none. */
  readonly trust: () => Promise<TrustPolicy | undefined>;
  /** Takes a policy that came over the network. @returns whether it rules from now on */
  readonly acceptPolicy: (envelope: Uint8Array) => Promise<boolean>;
  readonly platform: Platform;
  /** Something else judges from now on: told before it is said. */
  readonly onChanged: () => void;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  readonly limits?: Partial<ShelfLimits>;
}

type Signed =
  | { readonly kind: 'base'; readonly verified: VerifiedFingerprint }
  | { readonly kind: 'overlay'; readonly verified: VerifiedOverlay }
  | { readonly kind: 'approval'; readonly verified: VerifiedApproval };

interface Shelves {
  readonly bases: FingerprintShelf;
  readonly overlays: OverlayShelf;
  readonly approvals: ApprovalShelf;
}

/** Combinations of overlays and approvals one fingerprint is kept ready for: as many as it has scopes here, which is a few. */
const maxReady = 64;

/**
 * What people signed and what holds on this node: fingerprints, what the site adds to them, and what it approves. Each is
 * verified here, whoever brought it, before it judges or is kept; effective behaviour and mode are computed here too.
 */
export class FingerprintDesk {
  readonly #options: FingerprintDeskOptions;
  readonly #log: SiteLog;
  #shelves: Shelves;
  /** The policy that everything here was verified under. */
  #policy: TrustPolicy | undefined;
  #policyText = '';
  /** ms since the epoch when time alone may change what holds. */
  #nextMoment = Number.POSITIVE_INFINITY;
  /** One after the other: what was verified must be remembered before the next is looked at. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FingerprintDeskOptions) {
    this.#options = options;
    this.#log = new SiteLog(options.state);
    this.#shelves = this.#empty();
  }

  /** µs since the epoch when an agent last watched here; 0 when never. */
  get aliveAt(): number {
    return this.#log.aliveAt;
  }

  async alive(at: number): Promise<void> {
    await this.#log.alive(at);
  }

  /** Takes up what earlier runs accepted. */
  async open(): Promise<void> {
    const damage = await this.#log.open();
    if (damage !== undefined) this.#refuse('state', damage.code, damage.message);
    await this.#inTurn(async () => {
      await this.#takeUp(await this.#policyNow());
      for (const { verified } of this.#shelves.bases.all()) this.#sayInForce(verified);
    });
  }

  /** @returns true when something else judges from now on. */
  accept(bytes: Uint8Array, name: string): Promise<boolean> {
    return this.#inTurn(() => this.#accept(bytes, name));
  }

  /** Verifies everything anew: what the policy no longer believes rules no more. */
  reverify(): Promise<void> {
    return this.#inTurn(async () => this.#takeUp(await this.#policyNow()));
  }

  /** A look at clock and policy. @returns true when something else judges from now on. */
  look(): Promise<boolean> {
    return this.#inTurn(() => this.#look());
  }

  judging(workload: Workload): InForce | undefined {
    const held = this.#shelves.bases.judging(workload);
    return held && this.#inForce(held, workload);
  }

  /** What was approved for an earlier digest of a workload whose own has no fingerprint. */
  carried(workload: Workload): Approval | undefined {
    if (this.#policy === undefined) return undefined;
    const name = originalName(this.#policy, workload.subject.name);
    const approvals = this.#shelves.approvals.of(name);
    const carried = carriedApproval(approvals, called(workload, name), this.#ruleMode(name));
    return carried && carriedOf(carried);
  }

  async #look(): Promise<boolean> {
    const { overlays, approvals } = this.#shelves;
    const { now, onChanged, say } = this.#options;
    const unbound = overlays.lapse(now());
    const over = approvals.lapse(now());
    const isOver = unbound.length + over.length > 0;
    if (isOver) onChanged();
    for (const overlay of unbound) say(overlayLine('overlay-ended', overlay));
    for (const approval of over) say(approvalLine('approval-ended', approval));
    return (await this.#followPolicy(await this.#policyNow())) || isOver;
  }

  async #accept(bytes: Uint8Array, name: string): Promise<boolean> {
    try {
      if (kindOfEnvelope(bytes) === 'trust-policy') return await this.#acceptPolicy(bytes);
      const policy = await this.#options.trust();
      if (policy === undefined) return this.#refuse(name, 'NO_TRUST', noPolicy);
      const isAnew = await this.#followPolicy(policy);
      this.#log.assertWhole();
      const signed = this.#verify(bytes, policy, this.#shelves);
      if (this.#isHeld(signed)) return isAnew;
      await this.#takeIn(signed, bytes);
      return true;
    } catch (error) {
      return this.#refuseFor(name, error);
    }
  }

  async #acceptPolicy(bytes: Uint8Array): Promise<boolean> {
    if (!(await this.#options.acceptPolicy(bytes))) return false;
    return await this.#followPolicy(await this.#policyNow());
  }

  /** First what must not be forgotten, then what it allows: a crash between leaves the stricter state. */
  async #takeIn(signed: Signed, bytes: Uint8Array): Promise<void> {
    const { source, now } = this.#options;
    await this.#remember(signed, now());
    if (signed.kind === 'base') await this.#keepEarlier(signed.verified);
    await source.keep(keptName(signed), bytes);
    this.#shelve(signed, this.#shelves);
    if (signed.kind === 'base') await this.#makeRoom();
    if (this.#policy !== undefined) this.#waitFor(this.#policy);
    this.#options.onChanged();
    this.#say(signed);
  }

  #verify(bytes: Uint8Array, policy: TrustPolicy, { approvals }: Shelves): Signed {
    const { seen, recorded } = this.#log;
    const context = { now: this.#options.now(), seen, recorded };
    const kind = kindOfEnvelope(bytes);
    switch (kind) {
      case 'base':
        return { kind, verified: verifyFingerprint(bytes, policy, context) };
      case 'overlay':
        return { kind, verified: verifyOverlay(bytes, policy, context) };
      case 'approval': {
        const replaces = (stream: string): VerifiedApproval | undefined => approvals.get(stream);
        return { kind, verified: verifyApproval(bytes, policy, { ...context, replaces }) };
      }
      case 'trust-policy':
        throw new FingerprintError('PAYLOAD_TYPE', 'is a trust policy, which is not kept here');
    }
  }

  #isHeld({ kind, verified: { stream, digest } }: Signed): boolean {
    const { bases, overlays, approvals } = this.#shelves;
    switch (kind) {
      case 'base':
        return bases.newest(stream)?.digest === digest;
      case 'overlay':
        return overlays.has(stream, digest);
      case 'approval':
        return approvals.has(stream, digest);
    }
  }

  #shelve(signed: Signed, { bases, overlays, approvals }: Shelves): void {
    switch (signed.kind) {
      case 'base':
        bases.put(signed.verified);
        return;
      case 'overlay':
        overlays.put(signed.verified);
        return;
      case 'approval':
        approvals.put(signed.verified);
        return;
    }
  }

  #say(signed: Signed): void {
    const { say } = this.#options;
    switch (signed.kind) {
      case 'base':
        this.#sayInForce(signed.verified);
        return;
      case 'overlay':
        say(overlayLine('overlay-in-force', signed.verified));
        return;
      case 'approval':
        say(approvalLine('approval-in-force', signed.verified));
        return;
    }
  }

  #sayInForce(verified: VerifiedFingerprint): void {
    const site = this.#site(verified, undefined);
    this.#options.say(inForceLine(verified, this.#effective(verified, site, undefined)));
  }

  async #remember(signed: Signed, now: number): Promise<void> {
    const { stream, digest } = signed.verified;
    const version = versionOf(signed);
    const { bases } = this.#shelves;
    await this.#log.accept(stream, { version, digest }, now, (d) => bases.find(d) !== undefined);
  }

  /** What a newer version replaces goes on for copies of the digest before, and for what was decided about it. */
  async #keepEarlier({ stream, digest }: VerifiedFingerprint): Promise<void> {
    const { bases, approvals } = this.#shelves;
    const before = bases.newest(stream);
    if (before === undefined || before.digest === digest || before.provisional) return;
    if (!approvals.names(before.digest) && !bases.hasJudged(stream)) return;
    const { source } = this.#options;
    await source.copy(hashedName(stream), earlierFile(before.digest));
    const surplus = bases.putEarlier(before);
    if (surplus !== undefined) await source.forget(earlierFile(surplus.digest));
  }

  async #makeRoom(): Promise<void> {
    const { bases } = this.#shelves;
    const surplus = bases.surplus();
    if (surplus === undefined) return;
    bases.drop(surplus.stream);
    this.#log.forget(surplus.stream);
    await this.#options.source.forget(learnedName + hashedName(surplus.stream));
    this.#options.counters.add('fingerprints.forgotten');
  }

  /** @returns whether everything was verified anew. */
  async #followPolicy(policy: TrustPolicy | undefined): Promise<boolean> {
    if (policy === undefined) return false;
    if (textOf(policy) === this.#policyText && this.#options.now() < this.#nextMoment) return false;
    await this.#takeUp(policy);
    return true;
  }

  /** Undefined, and said, when there is none or it cannot be believed: what held goes on holding. */
  async #policyNow(): Promise<TrustPolicy | undefined> {
    try {
      return await this.#options.trust();
    } catch (error) {
      this.#refuseFor('trust policy', error);
      return undefined;
    }
  }

  /** Builds the shelves from what is kept. What does not hold any more is refused, counted and left where it lies. */
  async #takeUp(policy: TrustPolicy | undefined): Promise<void> {
    const kept = await this.#options.source.envelopes();
    if (policy === undefined) {
      if (this.#policy === undefined) for (const { name } of kept) this.#refuse(name, 'NO_TRUST', noPolicy);
      return;
    }
    const shelves = this.#empty();
    for (const { name, bytes } of kept) {
      await this.#takeUpOne(name, bytes, policy, shelves);
      // Some thousand of them take seconds, and what the source tells meanwhile must be read.
      await nextTurn();
    }
    this.#passOn(shelves);
    this.#shelves = shelves;
    this.#policy = policy;
    this.#policyText = textOf(policy);
    this.#waitFor(policy);
    this.#options.onChanged();
  }

  async #takeUpOne(name: string, bytes: Uint8Array, policy: TrustPolicy, shelves: Shelves): Promise<void> {
    try {
      this.#log.assertWhole();
      if (name.startsWith(earlierName)) {
        shelves.bases.putEarlier(this.#verifyEarlier(bytes, policy));
        return;
      }
      const signed = this.#verify(bytes, policy, shelves);
      // What a person laid here by hand is accepted now.
      await this.#remember(signed, this.#options.now());
      this.#shelve(signed, shelves);
    } catch (error) {
      this.#refuseFor(name, error);
    }
  }

  /** It was accepted here before what replaced it, or it is no earlier one. */
  #verifyEarlier(bytes: Uint8Array, policy: TrustPolicy): VerifiedFingerprint {
    const { recorded } = this.#log;
    const verified = verifyFingerprint(bytes, policy, { now: this.#options.now(), recorded });
    if (recorded(verified.digest) !== undefined) return verified;
    throw new FingerprintError('ROLLBACK', 'was never accepted here', { field: 'predicate.version' });
  }

  /** What is as it was stays the same object, so that nothing is judged anew for it. */
  #passOn({ bases }: Shelves): void {
    for (const held of bases.all()) {
      const before = this.#shelves.bases.find(held.verified.digest);
      if (before === undefined) continue;
      held.used = before.used;
      held.before = [...before.ready.values(), ...before.before].slice(0, maxReady);
    }
  }

  #waitFor(policy: TrustPolicy): void {
    const held = [...this.#shelves.bases.all()].map((h) => h.verified);
    this.#nextMoment = nextMoment(policy, held, this.#options.now());
  }

  #inForce(held: Held, workload: Workload): InForce {
    const { verified, ready } = held;
    const site = this.#site(verified, workload);
    const key = siteKey(site, workload);
    const known = ready.get(key);
    if (known !== undefined) return known.inForce;
    const effective = this.#effective(verified, site, workload);
    const content = contentOf(verified, effective);
    const same = [...ready.values(), ...held.before].find((r) => r.content === content);
    const fresh = same ?? { content, inForce: inForceOf(verified, effective) };
    if (ready.size >= maxReady) ready.clear();
    ready.set(key, fresh);
    return fresh.inForce;
  }

  #site(verified: VerifiedFingerprint, running: Workload | undefined): SiteDocuments {
    const { bases, overlays, approvals } = this.#shelves;
    const { name } = verified.fingerprint.subject;
    const given = approvals.of(name);
    const ruling = carriedApproval(given, called(running ?? nobody, name), 'kill');
    const predecessor = ruling && bases.find(ruling.item.fingerprint)?.verified;
    return {
      overlays: overlays.of(verified),
      approvals: given,
      maxMode: this.#ruleMode(name),
      ...(predecessor === undefined ? {} : { predecessor }),
    };
  }

  #effective(verified: VerifiedFingerprint, site: SiteDocuments, running: Workload | undefined): Effective {
    const { name } = verified.fingerprint.subject;
    return effectiveOf(verified, site, running === undefined ? {} : { workload: called(running, name) });
  }

  #ruleMode(name: string): Mode {
    return (this.#policy && findRule(this.#policy, name)?.maxMode) ?? 'alert';
  }

  #empty(): Shelves {
    const { platform, limits } = this.#options;
    return {
      bases: new FingerprintShelf(platform, limits),
      overlays: new OverlayShelf(),
      approvals: new ApprovalShelf(),
    };
  }

  #refuseFor(name: string, error: unknown): false {
    if (!(error instanceof FingerprintError)) throw error;
    const { code, field, message } = error;
    return this.#refuse(name, code, field === '' ? message : `${field} ${message}`);
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

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

const noPolicy = 'this node has no trust policy';

/** Whoever it may be: a scope takes in nobody of this name. */
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

/** The same name, or that of which it is a mirror here. */
function originalName({ rules }: TrustPolicy, running: string): string {
  return rules.map((rule) => rule.mirrors?.get(running)).find((name) => name !== undefined) ?? running;
}

function textOf(policy: TrustPolicy): string {
  return JSON.stringify(trustPolicyDocument(policy));
}

function versionOf(signed: Signed): number {
  switch (signed.kind) {
    case 'base':
      return signed.verified.fingerprint.version;
    case 'overlay':
      return signed.verified.overlay.version;
    case 'approval':
      return signed.verified.approval.version;
  }
}

/** Streams are named by signers; a file name of their choosing could be a path. */
function hashedName(stream: string): string {
  return sha256Hex(new TextEncoder().encode(stream)).slice(0, 32);
}

function keptName({ kind, verified }: Signed): string {
  const name = hashedName(verified.stream);
  return kind === 'base' && verified.provisional ? learnedName + name : name;
}

function earlierFile(digest: string): string {
  return earlierName + digest.slice('sha256:'.length, 'sha256:'.length + 32);
}
