import type { FleetSize, RealProcess } from './fleet.ts';
import type { Shares } from './mixture.ts';
import type { Fields } from './tracee-frames.ts';

/** What the server is started with. */
export interface ServerSetup {
  readonly socket: string;
  readonly size: FleetSize;
  readonly real: RealProcess;
  readonly fields: Fields;
  readonly shares: Shares;
  /** What it answers to GetVersion. */
  readonly version: string;
}

/** What it is told to do for the client that came last. */
export type Asked =
  /** Each copy starts, does each of its things once, and runs a helper. */
  | { readonly do: 'begin' }
  /** Each copy does each of its things once more. */
  | { readonly do: 'again' }
  | { readonly do: 'flood'; readonly events: number }
  | {
      readonly do: 'rate';
      readonly perSecond: number;
      readonly seconds: number;
      /** Of all, so many are of helpers that do what nobody approved. */
      readonly strangePerSecond: number;
    };

export interface Served {
  readonly sent: number;
  /** Times a flow-control window was full. */
  readonly stalls: number;
}
