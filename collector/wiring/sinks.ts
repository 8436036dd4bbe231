import { ConfigError } from '../../config/document.ts';
import { jsonLines } from '../adapters/notify-jsonlines.ts';
import { webhook } from '../adapters/notify-webhook.ts';
import type { CollectorConfig } from '../config.ts';
import { readSinks, type Sink } from '../core/notify-sinks.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { CollectorIo } from './wiring.ts';

/** Adding a notifier is a file among the adapters and a line here. @throws ConfigError with all problems at once */
export function sinksOf(config: CollectorConfig, io: CollectorIo): readonly Sink<Notifier>[] {
  const { sinks, problems } = readSinks<Notifier>(config.notify, [
    jsonLines({ out: io.out, isStdoutTaken: config.eventsJson }),
    webhook({ now: Date.now, version: io.version }),
  ]);
  if (problems.length > 0) throw new ConfigError(problems);
  return sinks;
}
