import type { ScheduledCommand } from '../../fingerprint/report.ts';

/** What the copy's own root and network namespace say of it, read once when it is identified (docs/events.md). */
export interface Surroundings {
  /** Servers its resolver is configured to ask: an answer of any other names nothing. Absent: nobody could read it. */
  readonly resolvers?: readonly string[];
  /** Domains its resolver appends: names below them are the site's own. */
  readonly search: readonly string[];
  /** Its own addresses, none of them loopback or link-local. Empty in the host's network namespace. */
  readonly addresses: readonly string[];
  readonly hostname?: string;
  /** What its crontabs say will happen; empty on the host, whose crontabs are no single service's. */
  readonly schedules?: readonly ScheduledCommand[];
}
