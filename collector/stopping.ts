import type { Workload } from '../fingerprint/workload.ts';
import type { BrakeLimits } from './core/brake-limits.ts';
import type { PolicyDecisions } from './core/decide.ts';
import { brakeLimits, longestWindowMs } from './core/response-policy.ts';
import { Sightings } from './core/rollout.ts';
import { Disarms } from './disarms.ts';
import { HeldOrders } from './held-orders.ts';
import { Ledger } from './ledger.ts';
import { ManualOrders } from './manual-orders.ts';
import { OrderMaker } from './order-maker.ts';
import type { AuditLog } from './ports/audit.ts';
import type { BrakeStore } from './ports/brakes.ts';
import type { AgentBeat, AgentLink, DriftStore, Log, OrderSigner } from './ports.ts';
import { Reactions } from './reactions.ts';
import { SettlingNodes } from './settling.ts';
import type { StateLine } from './state-line.ts';

/** What agents hold by default (agent/config.ts, holdMinutes). */
const holdMs = 600_000;

export interface StoppingOptions {
  readonly store: DriftStore & { readonly brakes: BrakeStore };
  readonly signer: OrderSigner;
  readonly policy: () => PolicyDecisions;
  readonly present: ReadonlyMap<string, { readonly link: AgentLink; readonly beat: AgentBeat | undefined }>;
  readonly audit: AuditLog;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** Everything that decides what is stopped, by itself or by a person's word, on one ledger. */
export class Stopping {
  readonly reactions: Reactions;
  readonly held: HeldOrders;
  readonly disarms: Disarms;
  readonly settling: SettlingNodes;
  readonly manual: ManualOrders;
  readonly ledger: Ledger;
  /** The most that may be stopped, where no rule of the policy says less. */
  readonly limits: () => BrakeLimits;
  /** ms since the Unix epoch, as everything here counts. */
  readonly now: () => number;
  readonly #log: Log;

  constructor(options: StoppingOptions) {
    const { store, present, policy, now } = options;
    const limits = () => brakeLimits(policy().policy.limits);
    [this.limits, this.now] = [limits, now];
    const { brakes } = store;
    const linkOf = (agent: string) => present.get(agent)?.link;
    const ledger = new Ledger({ windowMs: () => longestWindowMs(policy().policy), now });
    const orders = new OrderMaker({ ...options, ledger });
    const settling = new SettlingNodes({ store: brakes.nodes, settlingMs: () => limits().settlingMs, now });
    const disarms = new Disarms({ ...options, store: brakes.disarms });
    const around = { copies: brakes.copies, sightings: new Sightings(), disarms, settling };
    const making = { ...options, ...around, ledger, orders, linkOf };
    this.held = new HeldOrders({
      ...making,
      store: brakes.heldOrders,
      drifts: store,
      wish: (incident) => this.reactions.wish(incident),
      holdMs,
    });
    this.reactions = new Reactions({ ...making, leases: brakes.leases, held: this.held });
    const isProtected = (workload: Workload) => policy().resolve(workload).protected;
    this.manual = new ManualOrders({ ...making, answers: brakes.answers, isProtected, limits });
    [this.ledger, this.settling, this.disarms, this.#log] = [ledger, settling, disarms, options.log];
  }

  /** What an earlier run left behind; before the first agent connects. @throws StoreError */
  async restore(): Promise<void> {
    await this.disarms.restore();
    await this.held.restore();
    await this.reactions.restore();
  }

  /** Tells of disarms and held orders that are over. To be called every few seconds. */
  async look(): Promise<void> {
    this.disarms.look();
    await this.held
      .look()
      .catch((err: unknown) => this.#log.error({ err }, 'held orders could not be ended'));
  }
}
