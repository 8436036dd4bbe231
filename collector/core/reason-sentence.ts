import type { Decision } from './decide.ts';

/** What was decided and why, for people: in orders, in the audit, on the terminal. */
export function reasonSentence({ action, reason }: Pick<Decision, 'action' | 'reason'>): string {
  return recordedSentence(action, reason);
}

/** The same for a decision that was read back from the record, where a newer release may have left words of its own. */
export function recordedSentence(action: string, reason: string): string {
  const [what, why] = [
    new Map(Object.entries(done)).get(action),
    new Map(Object.entries(because)).get(reason),
  ];
  if (action === 'none' && reason === 'kind-of-drift') return `${done.none}: ${onlyTold}`;
  return `${what ?? action}: ${why ?? reason}`;
}

/** One more file of a known program is not even held. */
const onlyTold = 'drift of this kind by a known program is only told';

const done: Readonly<Record<Decision['action'], string>> = {
  none: 'nothing is stopped',
  hold: 'the drifting processes are held',
  freeze: 'the container is frozen',
  'kill-subtree': 'the drifting processes are killed',
  kill: 'the container is killed',
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
  'brake-workload': 'too many stops of this workload in ten minutes',
  'brake-cluster': 'too many stops in this cluster in ten minutes',
  'brake-node': 'too many stops on this node in ten minutes',
  'brake-last-instance': 'it is the last running copy of the workload',
  'brake-holds': 'too many holds in ten minutes',
};
