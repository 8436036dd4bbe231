import type { DecidedAction, Decision } from './decide.ts';

/** What was decided and why, for people: in orders, in the audit, on the terminal. */
export function reasonSentence({ action, reason, rule, would }: Omit<Decision, 'mode' | 'dryRun'>): string {
  return recordedSentence(action, reason, {
    ...(rule === undefined ? {} : { rule }),
    ...(would === undefined ? {} : { would }),
  });
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

const done: Readonly<Record<DecidedAction, string>> = {
  none: 'nothing is stopped',
  hold: 'the drifting processes are held',
  freeze: 'the container is frozen',
  'kill-subtree': 'the drifting processes are killed',
  kill: 'the container is killed',
};

const wouldBe: Readonly<Record<DecidedAction, string>> = {
  none: 'nothing would have been stopped',
  hold: 'the drifting processes would have been held',
  freeze: 'the container would have been frozen',
  'kill-subtree': 'the drifting processes would have been killed',
  kill: 'the container would have been killed',
};

const because: Readonly<Record<Decision['reason'], string>> = {
  'protected-namespace': 'the namespace is protected',
  stale: 'it happened too long ago to be sure of the process',
  'policy-mode': 'the response policy goes no further',
  'no-approval': 'no approved fingerprint covers this workload',
  provisional: 'the fingerprint was learned and nobody has approved it yet',
  'approval-mode': 'the approval of the fingerprint goes no further',
  'debug-container': 'it is a debug container',
  interactive: 'a person entered the container and started it',
  'unnamed-peer': 'it only connected to an address that has no name',
  'kind-of-drift': 'drift of this kind by a known program is held at most',
  'all-allow': 'policy, approval and kind of drift allow it',
  'dry-run': 'the rule is only rehearsed',
  'brake-workload': 'too many stops of this workload in ten minutes',
  'brake-cluster': 'too many stops in this cluster in ten minutes',
  'brake-node': 'too many stops on this node in ten minutes',
  'brake-last-instance': 'it is the last running copy of the workload',
  'brake-holds': 'too many holds in ten minutes',
};
