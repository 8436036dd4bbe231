import { brakeReasons } from './core/brakes.ts';
import type { Change } from './core/change.ts';
import type { StateLine } from './state-line.ts';

/** What of a line people may be told. A new kind of line is decided on here, or it does not compile. */
export function changeOf(line: StateLine): Change | undefined {
  switch (line.type) {
    case 'incident':
      return { of: 'incident', incident: line.incident };
    case 'decision':
      return heldChange(line);
    case 'receipt':
      return { of: 'receipt', receipt: line.receipt };
    case 'gap':
      return { of: 'loss', node: line.node, events: line.lost, records: 0, reasons: [line.reason] };
    case 'missing':
      return { of: 'loss', node: line.node, events: 0, records: line.records, reasons: [] };
    case 'canary':
      return canaryChange(line);
    case 'readiness': {
      const { ready, hash, workload, phases } = line;
      return ready ? { of: 'workload', state: 'ready', hash, workload, phases } : undefined;
    }
    case 'provisional': {
      const { hash, workload, phases } = line;
      return { of: 'workload', state: 'provisional', hash, workload, phases };
    }
    case 'policy':
      return { of: 'policy', mode: line.mode };
    case 'store':
      return { of: 'store', state: line.state, sentence: line.sentence };
    // Wishes and comings and goings: what they come to is told by another line.
    case 'order':
    case 'agent':
    case 'agents-beside':
    case 'workload':
    case 'fingerprint':
    case 'collector-ready':
    case 'stopped':
      return undefined;
  }
}

/** Where a brake stood in the way a person is asked; what else is decided people hear of when it has been done. */
export function heldChange(decision: {
  readonly incident: string;
  readonly reason: string;
  readonly sentence: string;
}): Change | undefined {
  const { incident, reason, sentence } = decision;
  if (!brakeReasons.some((brake) => brake === reason)) return undefined;
  return { of: 'held', incident, state: 'waiting', reason, sentence };
}

function canaryChange({ node, state }: Extract<StateLine, { type: 'canary' }>): Change | undefined {
  switch (state) {
    case 'blind':
    case 'seeing':
      return { of: 'node', node, kind: 'blind', state: state === 'blind' ? 'opened' : 'closed', detail: '' };
    // It cannot be said that it sees before it has.
    case 'untested':
    case 'waiting':
      return undefined;
  }
}
