import { webhook } from '../../collector/adapters/notify-webhook.ts';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { readSinks } from '../../collector/core/notify-sinks.ts';
import { Notifications } from '../../collector/notifications.ts';
import type { Notifier } from '../../collector/ports/notifier.ts';
import { anIncident } from './reports.ts';

/** A process that hears of one incident, if it is told to, and tells a webhook until it is killed: `FILE URL SECRET-FILE HEAR`. */
const [file = '', url = '', secretFile = '', hear = ''] = process.argv.slice(2);
const store = await SqliteStore.open(file);
const kinds = [webhook({ now: Date.now, version: '1' })];
const hook = { name: 'hook', type: 'webhook', url, secretFile, allowPrivate: true };
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const notifications = new Notifications({
  sinks: readSinks<Notifier>([hook], kinds).sinks,
  outbox: store.outbox,
  store,
  audit: { record: async () => 0 },
  now: Date.now,
  random: Math.random,
  log: quiet,
  signal: new AbortController().signal,
});
if (hear === 'hear')
  notifications.hear({
    type: 'incident',
    isNew: true,
    change: 'opened',
    row: anIncident().id,
    incident: anIncident(),
  });
await notifications.run();
