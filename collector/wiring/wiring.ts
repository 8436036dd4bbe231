import type { SqliteStore } from '../adapters/store-sqlite.ts';
import type { Audit } from '../audit.ts';
import type { Broadcast } from '../broadcast.ts';
import type { Sink } from '../core/notify-sinks.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { Log } from '../ports.ts';
import type { StoreTrouble } from '../store-trouble.ts';

export interface CollectorIo {
  /** One line of data, for stdout. */
  readonly out: (line: string) => void;
  /** Ends the collector cleanly. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/** What every part of the collector is made with. */
export interface Wiring extends CollectorIo {
  readonly dir: string;
  readonly log: Log;
  readonly broadcast: Broadcast;
  readonly trouble: StoreTrouble;
  readonly store: SqliteStore;
  readonly sinks: readonly Sink<Notifier>[];
  readonly audit: Audit;
}
