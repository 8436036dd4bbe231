import type { Actor } from '../../fingerprint/behaviour.ts';
import type { BehaviourKind, Event, EventOf } from '../../fingerprint/event.ts';
import type { InstanceRecord } from './instances.ts';
import type { ProcessRecord } from './process-record.ts';

export type ActEvent = Extract<Event, { kind: BehaviourKind | 'accept' }>;

/** An act with everything that is known of who did it, at that moment. */
export interface AttributedAct {
  readonly type: 'act';
  readonly instance: InstanceRecord;
  readonly process: ProcessRecord;
  /** For exec: with the new program as the last of the lineage. */
  readonly actor: Actor;
  /** How many leading programs of the lineage were concluded from what was found. */
  readonly assumed: number;
  readonly event: ActEvent;
  /** The execution whose image acted: while acts wait, the process may execute another. */
  readonly image: EventOf<'exec'> | undefined;
}

export type Attributed =
  | AttributedAct
  | {
      /** `started` or `found`: its first program is known, so its workload can be asked for. */
      readonly type: 'instance';
      readonly instance: InstanceRecord;
      readonly state: 'started' | 'found' | 'exited';
      readonly time: number;
    }
  | { readonly type: 'gap'; readonly instance: InstanceRecord | undefined; readonly event: EventOf<'gap'> };
