import { causeOf } from '../../fingerprint/cause.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Action, ReceiptResult } from '../../fingerprint/order.ts';
import { targetOf } from '../../fingerprint/target.ts';
import { isForeign } from '../../fingerprint/verdict.ts';
import { workloadKey } from '../../fingerprint/workload.ts';

/** A stop that was ordered, or that a lease was spent on. */
export interface Charge {
  /** Names what asked for it, so that its receipt can find it: an order's id, or a lease's and a number. */
  readonly id: string;
  /** One per cause: see `chargeKey`. */
  readonly key: string;
  /** ms since the Unix epoch: the latest moment at which it may have been carried out. */
  readonly at: number;
  readonly action: Action;
  /** `workloadKey`. */
  readonly workload: string;
  readonly agent: string;
  readonly instance: string;
  /** Whether the copy serves nobody once it is carried out. */
  readonly takesOut: boolean;
}

/** By how much the agent's clock may be behind when it looks whether a signed message is over (agent/core/orders.ts). */
export const skewMs = 5_000;
/** An order lives a minute. */
export const orderReachMs = 60_000 + skewMs;

/**
 * What a budget is charged with. A copy that is restarted drifts again as another instance with another incident: it is
 * the same cause on the same node and is charged once.
 */
export function chargeKey(incident: Incident, agent: string): string {
  return `${agent}\n${causeOf(incident)}`;
}

/** A stop that was carried out, or would be, at that moment. */
export function chargeFor(
  incident: Incident,
  { id, action, agent, at }: Pick<Charge, 'id' | 'action' | 'agent' | 'at'>,
): Charge {
  return {
    id,
    key: chargeKey(incident, agent),
    at,
    action,
    workload: workloadKey(incident.workload),
    agent,
    instance: incident.instance.id,
    takesOut: takesOut(incident, action),
  };
}

/** The copies that a share is counted over: of one container of an owner, whatever digest it is at. */
export function ownerOf(workload: string): string {
  return workload.split('\n', 4).join('\n');
}

export function clusterOf(workload: string): string {
  return workload.split('\n', 1)[0] ?? '';
}

/**
 * Whether the copy would serve nobody. A foreign program that something of the copy started can be taken away without
 * harm; a program that belongs there may be the service itself, and so is the first one, whatever it is.
 */
export function takesOut(incident: Incident, action: Action): boolean {
  switch (action) {
    case 'resume':
    case 'release':
      return false;
    case 'kill':
    case 'freeze':
    case 'quarantine':
      return true;
    case 'hold':
    case 'kill-subtree': {
      const { pid, start } = targetOf(incident);
      const own = incident.drifts.filter((d) => d.process.pid === pid && d.process.start === start);
      const about = own.length > 0 ? own : incident.drifts;
      return !about.some((d) => isForeign(d.because) && d.lineage.length > 1);
    }
  }
}

/** Whether nothing was stopped for certain, so that what was charged is given back. */
export function isGivenBack(result: ReceiptResult): boolean {
  switch (result) {
    case 'target-gone':
    case 'refused-signature':
    case 'refused-session':
    case 'refused-sequence':
    case 'refused-expired':
    case 'refused-node':
    case 'refused-no-drift':
    case 'refused-protected':
    case 'refused-rate':
    case 'unsupported':
      return true;
    // What failed may have been stopped in part.
    case 'done':
    case 'failed':
      return false;
  }
}

/** Holds have a budget of their own; letting go costs nothing. */
export function isStop(action: Action): boolean {
  return action !== 'hold' && action !== 'resume' && action !== 'release';
}

/** Those that count at this moment. */
export function inWindow(charges: readonly Charge[], windowMs: number, now: number): readonly Charge[] {
  return charges.filter((c) => c.at > now - windowMs);
}

/** How many causes they are. */
export function causes(charges: readonly Charge[]): number {
  return new Set(charges.map((c) => c.key)).size;
}
