import type { Audit } from './audit.ts';
import type { Notifications } from './notifications.ts';
import type { TellingLevels } from './ports/metrics.ts';

export interface Telling {
  readonly audit: Pick<Audit, 'state'>;
  readonly notifications: Pick<Notifications, 'status'>;
}

/** For a scrape: whether the record is whole, and whether people are told. */
export async function tellingLevels({ audit, notifications }: Telling): Promise<TellingLevels> {
  const [log, { sinks, lost }] = await Promise.all([audit.state(), notifications.status()]);
  const sum = (of: (sink: (typeof sinks)[number]) => number) => sinks.reduce((n, sink) => n + of(sink), 0);
  return {
    auditEntries: log.size,
    auditMismatch: log.mismatch === undefined ? 0 : 1,
    auditSinksFailing: log.sinks.filter(({ failing }) => failing).length,
    notifySinksFailing: sinks.filter(({ failingSince }) => failingSince > 0).length,
    notifySinksStopped: sinks.filter(({ state }) => state !== 'running').length,
    notifyWaiting: sum(({ waiting, gathered }) => waiting + gathered),
    notifyDead: sum(({ dead }) => dead),
    // What was lost before it came to a sink was told to none of them.
    notifyDropped: lost + sum(({ dropped }) => dropped),
  };
}
