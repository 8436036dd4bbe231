import { approvedAgainst } from '../../fingerprint/approved-mode.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Approval, Incident } from '../../fingerprint/incident.ts';
import type { Order, Receipt, ReceiptResult } from '../../fingerprint/order.ts';
import { parseTime } from '../../fingerprint/time.ts';
import { isForeign, type Mode, minMode, modes } from '../../fingerprint/verdict.ts';
import { workloadKey } from '../../fingerprint/workload.ts';

/** What the agent knows when an order arrives. Times in µs since the epoch. */
export interface OrderContext {
  readonly node: string;
  readonly session: string;
  /** The highest number accepted in this session. */
  readonly lastSeq: number;
  readonly now: number;
  readonly incident: Incident | undefined;
  /** What is approved for its workload now: it may be less than when the incident began. */
  readonly approval: Approval | undefined;
  /** A hold or freeze of this incident is in force, perhaps from an earlier run. */
  readonly held: boolean;
  /** Why nothing is to be stopped on this node; absent: it is armed. */
  readonly disarmed?: string;
  /** Earlier stops, any order. */
  readonly stops: readonly Stop[];
}

export interface Stop {
  readonly at: number;
  readonly incident: string;
  readonly workload: string;
  /** What had to be approved for it: killing and holding have budgets of their own. */
  readonly mode: StopMode;
}
export type StopMode = Extract<Mode, 'freeze' | 'kill'>;

export type OrderCheck = { readonly go: true } | { readonly go: false; readonly receipt: Receipt };

/** An order lives at most a minute; the clocks of collector and node may differ by this much (reference: signing §8). */
const maxLifeUs = 60_000_000;
const skewUs = 5_000_000;
/**
 * Defaults of DESIGN §11, held here too so that a collector that was taken over cannot empty a node. Holds have a wider
 * budget, the collector's own: a kill that was braked becomes a hold, and must not fail for the same reason again.
 */
const windowUs = 600_000_000;
const budgets: Readonly<Record<StopMode, { readonly workload: number; readonly node: number }>> = {
  kill: { workload: 3, node: 10 },
  freeze: { workload: 10, node: 50 },
};

/** What each action needs to have been approved. */
export const needed: Readonly<Record<Exclude<Order['action'], 'resume'>, StopMode>> = {
  hold: 'freeze',
  freeze: 'freeze',
  'kill-subtree': 'kill',
  kill: 'kill',
};

/**
 * Whether an order whose signature was verified is obeyed, in the order of reference signing §8. It must be for this
 * stream of this node, new, in time, about drift this agent saw itself, and within what a person approved.
 */
export function checkOrder(order: Order, context: OrderContext): OrderCheck {
  const refuse = (result: ReceiptResult, detail: string): OrderCheck => ({
    go: false,
    receipt: { order: order.id, incident: order.target.incident, result, stopped: [], detail },
  });
  const { target } = order;
  if (target.node !== context.node) return refuse('refused-node', `it is for node ${target.node}`);
  if (order.session !== context.session)
    return refuse('refused-session', 'it was made for an earlier stream');
  if (order.seq <= context.lastSeq) return refuse('refused-sequence', `number ${order.seq} has passed`);
  const late = lifetimeProblem(order, context.now);
  if (late !== undefined) return refuse('refused-expired', late);
  if (order.action === 'resume')
    return context.held ? { go: true } : refuse('target-gone', 'nothing of this incident is held');
  // After resume: what is held may be let go on a node where nothing new is to be stopped.
  if (context.disarmed !== undefined)
    return refuse('refused-protected', `disarmed on this node (${context.disarmed})`);
  const { incident } = context;
  if (incident === undefined || !isTarget(order, incident))
    return refuse('refused-no-drift', 'this agent has no such incident of that instance and process');
  if (needed[order.action] === 'kill' && !isForeignTarget(order, incident))
    return refuse('refused-protected', 'that process is a known program: it may be held, not killed');
  const allowed = allowedAgainst(order.target.process, incident, context.approval);
  if (allowed === undefined)
    return refuse('refused-protected', 'no approved fingerprint covers this workload');
  const needs = needed[order.action];
  if (modes.indexOf(allowed) < modes.indexOf(needs))
    return refuse('refused-protected', `the approval allows ${allowed}, this needs ${needs}`);
  return rateProblem(incident, needs, context) ?? { go: true };

  function rateProblem(about: Incident, mode: StopMode, known: OrderContext): OrderCheck | undefined {
    const recent = known.stops.filter((s) => s.mode === mode && s.at > known.now - windowUs);
    const most = budgets[mode];
    // One incident charges each budget once, however often its program is started again (DESIGN §8).
    if (recent.some((s) => s.incident === about.id)) return undefined;
    const key = workloadKey(about.workload);
    if (recent.filter((s) => s.workload === key).length >= most.workload)
      return refuse('refused-rate', `${most.workload} stops of this workload in ten minutes are enough`);
    return recent.length >= most.node
      ? refuse('refused-rate', `${most.node} stops on this node in ten minutes are enough`)
      : undefined;
  }
}

/** What was approved when it drifted and still is: what was taken back stops nothing more, not even earlier drift. */
export function allowedAgainst(
  process: ProcessRef,
  { drifts, approval }: Incident,
  now: Approval | undefined,
): Mode | undefined {
  if (approval === undefined || now === undefined) return undefined;
  return minMode(approvedAgainst(process, drifts, approval), approvedAgainst(process, drifts, now));
}

/** Only the culprit the agent itself named, or a process of its own drifts: never a neighbour. */
function isTarget(order: Order, incident: Incident): boolean {
  const { instance, process } = order.target;
  if (incident.instance.id !== instance) return false;
  return [incident.culprit, ...incident.drifts.map((d) => d.process)].some(
    (p) => p.pid === process.pid && p.start === process.start,
  );
}

/**
 * Foreign code, or the process at the top of it. A known program is never killed for what it was made to do, whatever
 * the collector says (DESIGN §8).
 */
function isForeignTarget(order: Order, incident: Incident): boolean {
  const { pid, start } = order.target.process;
  const foreign = incident.drifts.filter((d) => isForeign(d.because)).map((d) => d.process);
  if (foreign.length === 0) return false;
  return [incident.culprit, ...foreign].some((p) => p.pid === pid && p.start === start);
}

function lifetimeProblem(order: Order, now: number): string | undefined {
  const issued = parseTime(order.issuedAt);
  const expires = parseTime(order.expiresAt);
  if (issued === undefined || expires === undefined || expires - issued > maxLifeUs)
    return 'it is valid for too long';
  if (issued > now + skewUs) return 'it is from the future; is a clock wrong?';
  return expires < now - skewUs ? 'its time is over' : undefined;
}
