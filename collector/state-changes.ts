import type { Change } from './core/change.ts';
import { scopeText } from './core/disarm.ts';
import type { HeldOrder } from './core/held-order.ts';
import type { StateLine } from './state-line.ts';

type Line<T extends StateLine['type']> = Extract<StateLine, { readonly type: T }>;

/** What of a line people may be told. A new kind of line is decided on here, or it does not compile. */
export function changeOf(line: StateLine): Change | undefined {
  switch (line.type) {
    case 'incident':
      return { of: 'incident', incident: { ...line.incident, id: line.row } };
    case 'held-order':
      return heldChange(line.held);
    case 'review':
      return reviewChange(line);
    case 'node-incident':
      return nodeChange(line);
    case 'disarmed':
    case 'rearmed': {
      const { scope, author, reason } = line.disarm;
      return { of: 'stops', state: line.type, scope: scopeText(scope), author, reason };
    }
    case 'audit-mismatch':
      return { of: 'audit', sentence: line.sentence };
    case 'audit-sink':
      return { of: 'audit-sink', sink: line.sink, state: line.state, sentence: line.sentence };
    case 'receipt':
      return { of: 'receipt', receipt: line.receipt };
    case 'gap':
      return { of: 'loss', node: line.node, events: line.lost, records: 0, reasons: [line.reason] };
    case 'missing':
      return { of: 'loss', node: line.node, events: 0, records: line.records, reasons: [] };
    case 'readiness': {
      const { ready, hash, workload, phases } = line;
      return ready ? { of: 'workload', state: 'ready', hash, workload, phases } : undefined;
    }
    case 'provisional': {
      const { hash, workload, phases } = line;
      return { of: 'workload', state: 'provisional', hash, workload, phases };
    }
    case 'policy':
      return { of: 'policy', mode: line.mode, version: line.version, author: line.author };
    case 'store':
      return { of: 'store', state: line.state, sentence: line.sentence };
    // A node that is blind is an incident of the node; what a brake held back waits for a person.
    case 'canary':
    case 'decision':
    case 'leases':
    case 'clock':
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

/** Where a brake stood in the way a person is asked; who answered needs not be told. */
function heldChange({ incident, state, reason, sentence }: HeldOrder): Change | undefined {
  if (state !== 'waiting' && state !== 'expired') return undefined;
  return { of: 'held', incident, state, reason, sentence };
}

function reviewChange({ incident, act, author, reason }: Line<'review'>): Change | undefined {
  if (act === 'note' || act === 'claimed' || act === 'let-go') return undefined;
  return { of: 'disposition', incident, disposition: act, isOpen: act === 'undone', author, reason };
}

/** What a node lost is told with the loss itself. */
function nodeChange(line: Line<'node-incident'>): Change | undefined {
  const { node, kind, state } = line;
  if (kind === 'gap' || kind === 'spool-dropped') return undefined;
  return { of: 'node', node, kind, state, detail: line.state === 'opened' ? line.detail : '' };
}
