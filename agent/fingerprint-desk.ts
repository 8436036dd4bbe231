import { setImmediate as nextTurn } from 'node:timers/promises';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Approval } from '../fingerprint/incident.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Platform } from '../fingerprint/statement-frame.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import { type TrustPolicy, trustPolicyDocument } from '../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Counters } from './core/counters.ts';
import type { InForce, Untrusted } from './core/watched.ts';
import type { ShelfLimits } from './fingerprint-shelf.ts';
import { approvalLine, inForceLine, overlayLine } from './in-force.ts';
import { nextMoment } from './next-moment.ts';
import { earlierName, type FingerprintSource, type Log, type StateStore } from './ports.ts';
import { Shelves } from './shelves.ts';
import { earlierFile, keptName, type Signed, verifySigned, versionOf } from './signed.ts';
import { SiteLog } from './site-log.ts';
import type { StateLine } from './state-line.ts';

export interface FingerprintDeskOptions {
  readonly source: FingerprintSource;
  readonly state: StateStore;
  /** The policy in force, asked each time: one that was changed rules at once. Undefined: there is none. */
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

const noPolicy = 'this node has no trust policy';

/**
 * What people signed and what holds on this node: fingerprints, what the site adds to them, and what it approves. Each is
 * verified here, whoever brought it, before it judges or is kept; effective behaviour and mode are computed here too.
 */
export class FingerprintDesk {
  readonly #options: FingerprintDeskOptions;
  readonly #log: SiteLog;
  #shelves: Shelves;
  /** Of the policy that everything here was verified under. */
  #policyText = '';
  /** ms since the epoch when time alone may change what holds. */
  #nextMoment = Number.POSITIVE_INFINITY;
  /** One after the other: what was verified must be remembered before the next is looked at. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FingerprintDeskOptions) {
    this.#options = options;
    this.#log = new SiteLog(options.state);
    this.#shelves = new Shelves(undefined, options.platform, options.limits);
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

  /**
   * A look at clock and policy. What either ended rules no more: after a change of policy everything is verified anew.
   * @returns true when something else judges from now on
   */
  look(): Promise<boolean> {
    return this.#inTurn(() => this.#look());
  }

  judging(workload: Workload): InForce | undefined {
    return this.#shelves.judging(workload);
  }

  /** How far a reaction may go where nothing judges: what was approved for an earlier digest. */
  carried(workload: Workload): Approval | undefined {
    return this.#shelves.carried(workload);
  }

  /** What was signed for it and is refused now: nothing is learned of its copies. Undefined too where something else judges. */
  untrusted(workload: Workload): Untrusted | undefined {
    return this.#shelves.untrusted(workload);
  }

  async #look(): Promise<boolean> {
    const { overlays, approvals } = this.#shelves;
    const { now, onChanged, say } = this.#options;
    const unbound = overlays.lapse(now());
    const over = approvals.lapse(now());
    const isOver = (await this.#dropTakenAway()) || unbound.length + over.length > 0;
    if (isOver) onChanged();
    for (const overlay of unbound) say(overlayLine('overlay-ended', overlay));
    for (const approval of over) say(approvalLine('approval-ended', approval));
    return (await this.#followPolicy(await this.#policyNow())) || isOver;
  }

  /** A person who takes a refused fingerprint off the node has decided that its workloads are learned anew. */
  async #dropTakenAway(): Promise<boolean> {
    const { refused } = this.#shelves;
    const { length } = refused.files;
    for (const file of refused.files) if (!(await this.#options.source.has(file))) refused.drop(file);
    return refused.files.length < length;
  }

  async #accept(bytes: Uint8Array, name: string): Promise<boolean> {
    try {
      if (kindOfEnvelope(bytes) === 'trust-policy') return await this.#acceptPolicy(bytes);
      const policy = await this.#options.trust();
      if (policy === undefined) return this.#refuse(name, 'NO_TRUST', noPolicy);
      const isAnew = await this.#followPolicy(policy);
      this.#log.assertWhole();
      const signed = this.#verify(bytes, policy, this.#shelves);
      if (this.#shelves.has(signed)) return isAnew;
      await this.#takeIn(signed, bytes, policy);
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
  async #takeIn(signed: Signed, bytes: Uint8Array, policy: TrustPolicy): Promise<void> {
    await this.#remember(signed);
    if (signed.kind === 'base') {
      await this.#keepEarlier(signed);
      await this.#keepRefused(signed);
    }
    await this.#options.source.keep(keptName(signed), bytes);
    this.#shelves.put(signed);
    if (signed.kind === 'base') await this.#makeRoom();
    this.#waitFor(policy);
    this.#options.onChanged();
    this.#say(signed);
    if (signed.kind === 'base') this.#sayMisfits(signed.verified);
  }

  /** What came before its fingerprint was told to be in force, and is not after all. */
  #sayMisfits(base: VerifiedFingerprint): void {
    for (const problem of this.#shelves.overlays.misfits(base)) this.#refuseFor('an overlay', problem);
  }

  #verify(bytes: Uint8Array, policy: TrustPolicy, { approvals, bases }: Shelves): Signed {
    const { seen, recorded } = this.#log;
    return verifySigned(bytes, policy, {
      now: this.#options.now(),
      seen,
      recorded,
      replaces: (stream) => approvals.get(stream),
      fingerprintOf: (digest) => bases.find(digest)?.verified,
    });
  }

  async #remember(signed: Signed): Promise<void> {
    const { stream, digest } = signed.verified;
    const isHeld = (payload: string): boolean => this.#shelves.bases.find(payload) !== undefined;
    await this.#log.accept(stream, { version: versionOf(signed), digest }, this.#options.now(), isHeld);
  }

  /** What a newer version replaces goes on for copies of the digest before, and for what was decided about it. */
  async #keepEarlier({ verified: { stream, digest } }: Extract<Signed, { kind: 'base' }>): Promise<void> {
    const { bases, approvals } = this.#shelves;
    const before = bases.newest(stream);
    if (before === undefined || before.digest === digest || before.provisional) return;
    if (!approvals.names(before.digest) && !bases.hasJudged(stream)) return;
    const { source } = this.#options;
    await source.copy(keptName({ kind: 'base', verified: before }), earlierFile(before.digest));
    const surplus = bases.putEarlier(before);
    if (surplus !== undefined) await source.forget(earlierFile(surplus.digest));
  }

  /** A release that was taken back may run on beside the next one: its copies are learned no more than before. */
  async #keepRefused(signed: Extract<Signed, { kind: 'base' }>): Promise<void> {
    const { refused } = this.#shelves;
    const file = keptName(signed);
    const needed = refused.neededBeside(signed.verified, file);
    if (needed === undefined) {
      refused.drop(file);
      return;
    }
    const { source } = this.#options;
    const to = earlierFile(needed.fingerprint);
    await source.copy(file, to);
    const surplus = refused.move(file, to);
    if (surplus !== undefined) await source.forget(surplus);
  }

  async #makeRoom(): Promise<void> {
    const { bases } = this.#shelves;
    const surplus = bases.surplus();
    if (surplus === undefined) return;
    bases.drop(surplus.stream);
    this.#log.forget(surplus.stream);
    await this.#options.source.forget(keptName({ kind: 'base', verified: surplus }));
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
    const { source, platform, limits, onChanged } = this.#options;
    const kept = await source.envelopes();
    if (policy === undefined) {
      if (this.#policyText !== '') return;
      for (const { name, bytes } of kept) {
        this.#refuse(name, 'NO_TRUST', noPolicy);
        this.#shelves.refused.put(name, bytes, 'NO_TRUST');
      }
      onChanged();
      return;
    }
    const shelves = new Shelves(policy, platform, limits);
    for (const { name, bytes } of kept) {
      await this.#takeUpOne(name, bytes, policy, shelves);
      // Some thousand of them take seconds, and what the source tells meanwhile must be read.
      await nextTurn();
    }
    shelves.follow(this.#shelves);
    this.#shelves = shelves;
    this.#policyText = textOf(policy);
    this.#waitFor(policy);
    onChanged();
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
      await this.#remember(signed);
      shelves.put(signed);
    } catch (error) {
      this.#refuseKept(name, bytes, error, shelves);
    }
  }

  #refuseKept(name: string, bytes: Uint8Array, error: unknown, { refused }: Shelves): void {
    this.#refuseFor(name, error);
    if (error instanceof FingerprintError) refused.put(name, bytes, error.code);
  }

  /** It was accepted here before what replaced it, or it is no earlier one. */
  #verifyEarlier(bytes: Uint8Array, policy: TrustPolicy): VerifiedFingerprint {
    const { recorded } = this.#log;
    const verified = verifyFingerprint(bytes, policy, { now: this.#options.now(), recorded });
    if (recorded(verified.digest) !== undefined) return verified;
    throw new FingerprintError('ROLLBACK', 'was never accepted here', { field: 'predicate.version' });
  }

  #waitFor(policy: TrustPolicy): void {
    const held = [...this.#shelves.bases.all()].map((h) => h.verified);
    this.#nextMoment = nextMoment(policy, held, this.#options.now());
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
    this.#options.say(inForceLine(verified, this.#shelves.effective(verified)));
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

function textOf(policy: TrustPolicy): string {
  return JSON.stringify(trustPolicyDocument(policy));
}
