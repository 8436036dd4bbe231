import { printable } from '../../fingerprint/printable.ts';
import type { BrakeReason } from './brake-limits.ts';
import type { BrakeNumbers } from './brakes.ts';
import type { DecidedAction, Decision } from './decide.ts';

/** What was decided and why, for people: in orders, in the audit, on the terminal. */
export function reasonSentence(decision: Omit<Decision, 'mode' | 'dryRun'>): string {
  const { action, reason, rule, would, numbers, words } = decision;
  const counted = numbers === undefined ? undefined : countedWords(reason, numbers);
  const why = words ?? counted;
  if (why !== undefined) return `${done[action]}: ${why}`;
  return recordedSentence(action, reason, {
    ...(rule === undefined ? {} : { rule }),
    ...(would === undefined ? {} : { would }),
  });
}

/** Which budget is used up, and how large it is: "why was this not stopped" is answered by a number. */
function countedWords(
  reason: Decision['reason'],
  { spent, budget, windowMs }: BrakeNumbers,
): string | undefined {
  const of = new Map<string, string>(Object.entries(budgets)).get(reason);
  return of === undefined ? undefined : `${spent} of ${budget} ${of} in ${span(windowMs)}`;
}

const budgets: Readonly<Partial<Record<BrakeReason, string>>> = {
  'brake-workload': 'stops of this workload',
  'brake-cluster': 'stops in this cluster',
  'brake-owner': "stops of this owner's copies",
  'brake-node': 'stops on this node',
  'brake-node-share': "stops that are this node's share, the rest is kept for other nodes,",
  'brake-holds': 'holds',
};

/** The same for what a person did. Names and reasons are cut: an order is read in a line. */
export function byHandSentence(
  action: Decision['action'] | 'resume',
  why: ByHand,
  { author, reason }: { readonly author: string; readonly reason: string },
): string {
  return `${recordedSentence(action, why)} (${printable(author, 64)}: ${printable(reason, 200)})`;
}

function span(ms: number): string {
  return ms === 600_000 ? 'ten minutes' : `${Math.round(ms / 60_000)} minutes`;
}

/** The same for a decision that was read back from the record, where a newer release may have left words of its own. */
export function recordedSentence(
  action: string,
  reason: string,
  more: {
    readonly rule?: string;
    readonly would?: { readonly action: string; readonly reason: string };
  } = {},
): string {
  const by = more.rule === undefined ? '' : ` (rule ${more.rule})`;
  if (more.would !== undefined) {
    const { action: what, reason: why } = more.would;
    return `dry run: ${word(wouldBe, what)}: ${sayWhy(what, why)}${by}`;
  }
  return `${word(done, action)}: ${sayWhy(action, reason)}${by}`;
}

function sayWhy(action: string, reason: string): string {
  return action === 'none' && reason === 'kind-of-drift' ? onlyTold : word(because, reason);
}

function word(words: Readonly<Record<string, string>>, said: string): string {
  return new Map(Object.entries(words)).get(said) ?? said;
}

/** One more file of a known program is not even held. */
const onlyTold = 'drift of this kind by a known program is only told';

const done: Readonly<Record<DecidedAction | 'resume', string>> = {
  none: 'nothing is stopped',
  hold: 'the drifting processes are held',
  freeze: 'the container is frozen',
  'kill-subtree': 'the drifting processes are killed',
  kill: 'the container is killed',
  resume: 'what was held is let go',
};

const wouldBe: Readonly<Record<DecidedAction, string>> = {
  none: 'nothing would have been stopped',
  hold: 'the drifting processes would have been held',
  freeze: 'the container would have been frozen',
  'kill-subtree': 'the drifting processes would have been killed',
  kill: 'the container would have been killed',
};

/** What a person decided, not the policy. */
export type ByHand = 'by-hand' | 'released' | 'cancelled';

const because: Readonly<Record<Decision['reason'] | ByHand, string>> = {
  'by-hand': 'a person ordered it',
  released: 'a brake held it back and a person released it',
  cancelled: 'a brake held it back and a person cancelled it',
  'protected-namespace': 'the namespace is protected',
  stale: 'it happened too long ago to be sure of the process',
  'policy-mode': 'the response policy goes no further',
  'no-approval': 'no approved fingerprint covers this workload',
  provisional: 'the fingerprint was learned and nobody has approved it yet',
  'approval-mode': 'the approval of the fingerprint goes no further',
  'debug-container': 'it is a debug container',
  interactive: 'a person entered the container and started it',
  'unnamed-peer': 'it only connected to an address that has no name',
  steerable: 'a request can lead a known program there; only a rule that names this kind holds it',
  'kind-of-drift': 'drift of this kind by a known program is held at most',
  'all-allow': 'policy, approval and kind of drift allow it',
  'dry-run': 'the rule is only rehearsed',
  leased: 'the agent holds a lease for this workload and stops it by itself',
  'unknown-instance': 'this agent never told of the copy it is about',
  'brake-disarmed': 'it is disarmed here',
  'brake-settling':
    'the agent, its source or the kernel of this node changed less than half an hour ago, or the collector was restored from a backup',
  'brake-rollout':
    'the same drift shows on several nodes soon after this image first came; a person is asked',
  'brake-owner': "too many stops of this owner's copies in ten minutes",
  'brake-node-share': 'this node has used its share of the stops; the rest is kept for other nodes',
  'brake-workload': 'too many stops of this workload in ten minutes',
  'brake-cluster': 'too many stops in this cluster in ten minutes',
  'brake-node': 'too many stops on this node in ten minutes',
  'brake-last-instance': 'it is the last running copy of the workload',
  'brake-holds': 'too many holds in ten minutes',
  'brake-asked': 'a person is asked about it, or has said no',
};
