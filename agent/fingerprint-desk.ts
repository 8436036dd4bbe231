import type { Approval } from '../fingerprint/incident.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { InForce, Untrusted } from './core/watched.ts';
import { DeskNotices, type NoticesOptions } from './desk-notices.ts';
import type { ShelfLimits } from './fingerprint-shelf.ts';
import { KeptFiles } from './kept-files.ts';
import { PolicyTerm } from './policy-term.ts';
import type { FingerprintSource, StateStore } from './ports/kept.ts';
import { Shelves } from './shelves.ts';
import type { Signed } from './signed.ts';
import { SiteLog } from './site-log.ts';
import { SiteVerifier } from './site-verifier.ts';
import { TakeUp } from './take-up.ts';

export interface FingerprintDeskOptions extends NoticesOptions {
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
  readonly limits?: Partial<ShelfLimits & { readonly accepted: number }>;
}

/**
 * What people signed and what holds on this node: fingerprints, what the site adds to them, and what it approves. Each is
 * verified here, whoever brought it, before it judges or is kept; effective behaviour and mode are computed here too.
 */
export class FingerprintDesk {
  readonly #options: FingerprintDeskOptions;
  readonly #notices: DeskNotices;
  readonly #log: SiteLog;
  readonly #verifier: SiteVerifier;
  readonly #files: KeptFiles;
  readonly #takeUp: TakeUp;
  #shelves: Shelves;
  readonly #term = new PolicyTerm();
  /** One after the other: what was verified must be remembered before the next is looked at. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: FingerprintDeskOptions) {
    const { source, state, platform, limits, now } = options;
    this.#options = options;
    this.#notices = new DeskNotices(options);
    this.#log = new SiteLog(state, limits?.accepted);
    this.#verifier = new SiteVerifier(this.#log, now);
    this.#files = new KeptFiles(source);
    this.#takeUp = new TakeUp(source, this.#verifier, this.#notices);
    this.#shelves = new Shelves(undefined, platform, limits);
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
    if (damage !== undefined) this.#notices.refused('state', damage.code, damage.message);
    await this.#inTurn(async () => {
      await this.#rule(await this.#policyNow());
      for (const { verified } of this.#shelves.bases.all()) this.#notices.judges(verified, this.#shelves);
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
    const { now, onChanged } = this.#options;
    const unbound = overlays.lapse(now());
    const over = approvals.lapse(now());
    const isTakenAway = await this.#files.dropTakenAway(this.#shelves);
    const isOver = isTakenAway || unbound.length + over.length > 0;
    if (isOver) onChanged();
    this.#notices.ended(unbound, over);
    return (await this.#followPolicy(await this.#policyNow())) || isOver;
  }

  async #accept(bytes: Uint8Array, name: string): Promise<boolean> {
    try {
      if (kindOfEnvelope(bytes) === 'trust-policy') return await this.#acceptPolicy(bytes);
      const policy = await this.#options.trust();
      if (policy === undefined) return this.#notices.withoutPolicy(name);
      const isAnew = await this.#followPolicy(policy);
      const signed = this.#verifier.verify(bytes, policy, this.#shelves);
      if (this.#shelves.has(signed)) return isAnew;
      await this.#takeIn(signed, bytes, policy);
      return true;
    } catch (error) {
      return this.#notices.refusedFor(name, error);
    }
  }

  async #acceptPolicy(bytes: Uint8Array): Promise<boolean> {
    if (!(await this.#options.acceptPolicy(bytes))) return false;
    return await this.#followPolicy(await this.#policyNow());
  }

  /** First what must not be forgotten, then what it allows: a crash between leaves the stricter state. */
  async #takeIn(signed: Signed, bytes: Uint8Array, policy: TrustPolicy): Promise<void> {
    await this.#verifier.remember(signed, this.#shelves);
    await this.#files.keep(signed, bytes, this.#shelves);
    this.#shelves.put(signed);
    if (signed.kind === 'base') await this.#makeRoom();
    this.#term.begin(policy, this.#shelves.bases.all(), this.#options.now());
    this.#options.onChanged();
    this.#notices.inForce(signed, this.#shelves);
  }

  async #makeRoom(): Promise<void> {
    const { bases } = this.#shelves;
    const surplus = bases.surplus();
    if (surplus === undefined) return;
    bases.drop(surplus.stream);
    this.#log.forget(surplus.stream);
    await this.#files.forget(surplus);
    this.#options.counters.add('fingerprints.forgotten');
  }

  /** Undefined, and said, when there is none or it cannot be believed: what held goes on holding. */
  async #policyNow(): Promise<TrustPolicy | undefined> {
    try {
      return await this.#options.trust();
    } catch (error) {
      this.#notices.refusedFor('trust policy', error);
      return undefined;
    }
  }

  /** @returns whether everything was verified anew. */
  async #followPolicy(policy: TrustPolicy | undefined): Promise<boolean> {
    if (policy === undefined) return false;
    if (this.#term.covers(policy, this.#options.now())) return false;
    await this.#rule(policy);
    return true;
  }

  /** Builds the shelves from what is kept. */
  async #rule(policy: TrustPolicy | undefined): Promise<void> {
    const { platform, limits, onChanged } = this.#options;
    if (policy === undefined) {
      if (this.#term.hasBegun) return;
      await this.#takeUp.underNone(this.#shelves);
      onChanged();
      return;
    }
    const shelves = new Shelves(policy, platform, limits);
    await this.#takeUp.under(policy, shelves, this.#shelves);
    this.#shelves = shelves;
    this.#term.begin(policy, this.#shelves.bases.all(), this.#options.now());
    onChanged();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}
