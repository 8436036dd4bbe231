import { approvedAgainst } from '../../fingerprint/approved-mode.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Approval, Incident } from '../../fingerprint/incident.ts';
import type { Action, Order, Receipt, ReceiptResult } from '../../fingerprint/order.ts';
import { isForeign, type Mode, minMode, modes } from '../../fingerprint/verdict.ts';
import { lifetimeOf, skewUs } from './lifetime.ts';
import { needed, rateProblem, type Stop } from './stop-rates.ts';

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
  /** Why nothing is to be stopped there, in a sentence; absent: it is armed. */
  readonly disarmed?: string;
  /** Earlier stops, any order. */
  readonly stops: readonly Stop[];
}

export type OrderCheck = { readonly go: true } | { readonly go: false; readonly receipt: Receipt };

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
  const time = lifetimeOf(order, context.now, skewUs);
  if (time.kind === 'not-now') return refuse('refused-expired', time.detail);
  if (order.action === 'resume')
    return context.held ? { go: true } : refuse('target-gone', 'nothing of this incident is held');
  // What an earlier run cut off may be let back, whatever is still known of why.
  if (order.action === 'release') return { go: true };
  // After resume and release: what is held may be let go where nothing new is to be stopped.
  if (context.disarmed !== undefined) return refuse('refused-protected', context.disarmed);
  const no = driftProblem(order, order.action, context);
  return no === undefined ? { go: true } : refuse(...no);
}

function driftProblem(
  order: Order,
  action: Exclude<Action, 'resume' | 'release'>,
  { incident, approval, stops, now }: OrderContext,
): readonly [ReceiptResult, string] | undefined {
  if (incident === undefined || !isTarget(order, incident))
    return ['refused-no-drift', 'this agent has no such incident of that instance and process'];
  const needs = action === 'quarantine' ? 'freeze' : needed[action];
  const { process } = order.target;
  if (needs === 'kill' && !isForeignTarget(process, incident))
    return ['refused-protected', 'that process is a known program: it may be held, not killed'];
  const allowed = allowedAgainst(process, incident, approval);
  if (allowed === undefined) return ['refused-protected', 'no approved fingerprint covers this workload'];
  if (modes.indexOf(allowed) < modes.indexOf(needs))
    return ['refused-protected', `the approval allows ${allowed}, this needs ${needs}`];
  const rate = rateProblem(incident, needs, stops, now);
  return rate === undefined ? undefined : ['refused-rate', rate];
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
export function isForeignTarget({ pid, start }: ProcessRef, incident: Incident): boolean {
  const foreign = incident.drifts.filter((d) => isForeign(d.because)).map((d) => d.process);
  if (foreign.length === 0) return false;
  return [incident.culprit, ...foreign].some((p) => p.pid === pid && p.start === start);
}
