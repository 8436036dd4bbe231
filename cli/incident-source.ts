import type { Incident } from '../fingerprint/incident.ts';
import { parseIncident } from '../fingerprint/incident-json.ts';
import { printable } from '../fingerprint/printable.ts';
import { connectCollector, memberOf } from './api-client.ts';
import type { WhereOptions } from './collector-place.ts';
import { dataDir } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/** One incident of the running collector, by the beginning of its id. @throws CliError */
export async function incidentById(io: Io, options: WhereOptions, id: string): Promise<Incident> {
  const collector = await connectCollector(io, options);
  if (collector === undefined) {
    throw new CliError(
      exitCodes.incomplete,
      `no collector runs on ${dataDir(io, options.dataDir)}`,
      'start whorl up, name its --data-dir, or give the recorded events with --from',
    );
  }
  const rows = await collector.list('/incidents', { id }, 2);
  const [found, another] = about(collector.where, () =>
    rows.map((row) => parseIncident(memberOf(row, 'incident'), 'incident')),
  );
  const named = printable(id, 64);
  if (found === undefined)
    throw new CliError(exitCodes.usage, `no incident has an id that begins with ${named}`, 'whorl incidents');
  if (another !== undefined)
    throw new CliError(exitCodes.usage, `more than one incident has an id that begins with ${named}`);
  return found;
}
