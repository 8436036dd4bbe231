import type { Normaliser } from '../agent-deps.ts';
import type { AgentConfig } from '../config.ts';
import type { OwnProcesses } from '../core/own.ts';
import type { EventSource } from '../ports/source.ts';
import type { Log, NodeView } from '../ports.ts';

/** What a source is made from. */
export interface SourceContext {
  readonly config: AgentConfig;
  /** The agent's own directory, for what a source keeps: a built program, a place in a file. */
  readonly dir: string;
  readonly own: OwnProcesses;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** Only where a source does not tell where containers live: opened when asked for. */
  readonly nodeView: () => NodeView;
}

/** A source, ready to run, and what turns its bytes into events. */
export interface OpenedSource {
  readonly source: EventSource;
  /** A new one for each start of the source. */
  readonly normaliser: () => Normaliser;
  /** It tells of this machine, now: what it tells of can be looked at and stopped. */
  readonly isLive: boolean;
  /** It says of files which layer they lie in; absent: the node is asked about each that is new. */
  readonly tellsOrigins?: true;
  /** Why what the agent does on purpose could not be seen through it; absent: it can. */
  readonly noCanary?: string;
}
