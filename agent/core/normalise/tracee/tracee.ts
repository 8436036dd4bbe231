import { type BehaviourKind, behaviourKinds, type Event } from '../../../../fingerprint/event.ts';
import type { RecordWatcher } from '../../hotpath/raw-record.ts';
import type { SourceNote } from '../../source-note.ts';
import type { NodeView } from '../node-view.ts';

export { type TraceeDialect, traceeDialectOf } from './dialect.ts';

/** What Tracee sees by the policy of deploy/sources/tracee: all of it. */
export const traceeCoverage: readonly BehaviourKind[] = behaviourKinds;

export interface TraceeNormaliser {
  /**
   * @param bytes the gRPC stream of StreamEvents as it came: framed messages, cut anywhere
   * @param watcher gets the events message by message; what is returned then belongs to none
   */
  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[];
  /** `connected` begins a new stream and tells the version by which the messages are read. */
  note(note: SourceNote): Event[];
  coverage(): readonly BehaviourKind[];
  isSettled(): boolean;
  counters(): Readonly<Record<string, number>>;
}

/**
 * Keep one for all connections of an agent: which process is which, and when it started, is known from one connection to
 * the next only by what is remembered here.
 */
export function createTraceeNormaliser(_view: NodeView): TraceeNormaliser {
  return {
    push: () => [],
    note: () => [],
    coverage: () => traceeCoverage,
    isSettled: () => false,
    counters: () => ({}),
  };
}
