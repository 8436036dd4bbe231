import type { Event, ProcessRef } from '../../../../fingerprint/event.ts';
import type { DatagramSockets } from './datagram-sockets.ts';
import type { TraceeDialect } from './dialect.ts';
import type { TraceeEventName } from './tracee-fields.ts';
import type { TraceeValues } from './tracee-values.ts';

type FactsOf<E> = E extends unknown
  ? Omit<E, 'time' | 'process' | 'parent' | 'cgroup' | 'container' | 'found'>
  : never;
/** What happened, without who did it and where. */
export type Facts = FactsOf<Event>;

/** What a reader may need beyond the arguments. */
export interface Beside {
  readonly process: ProcessRef;
  readonly dialect: TraceeDialect;
  readonly sockets: DatagramSockets;
  /** When a child started, from what its parent's event tells. */
  born(pid: number, told: number): number;
}

/** `nothing`: read, and it says nothing that is judged or needed. `unreadable`: an argument it cannot do without is missing. */
export type Read = Facts | 'nothing' | 'unreadable';
export type Reader<N extends TraceeEventName> = (values: TraceeValues<N>, beside: Beside) => Read;
export type ReadersOf<N extends TraceeEventName> = { readonly [K in N]: Reader<K> };
