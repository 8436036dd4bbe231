import type { Incident } from '../fingerprint/incident.ts';
import { parseIncident } from '../fingerprint/incident-json.ts';
import { printable } from '../fingerprint/printable.ts';
import { ask } from './control-client.ts';
import { collectorSocket } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';

/** As many as the collector hands out at once. */
const limit = 10_000;

/** One incident of the running collector, by the beginning of its id. @throws CliError */
export async function incidentById(directory: string, id: string): Promise<Incident> {
  const answer = await ask(collectorSocket(directory), 'collector', {
    method: 'GET',
    path: `/incidents?limit=${limit}`,
  });
  if (answer === undefined) {
    throw new CliError(
      exitCodes.incomplete,
      `no collector runs on ${directory}`,
      'start whorl up, name its --data-dir, or give the recorded events with --from',
    );
  }
  const incidents = about('the collector', () => rowsOf(answer).map((row) => parseIncident(row, 'incident')));
  const [found, another] = incidents.filter((incident) => incident.id.startsWith(id));
  const named = printable(id, 64);
  if (found === undefined)
    throw new CliError(exitCodes.usage, `no incident has an id that begins with ${named}`, 'whorl incidents');
  if (another !== undefined)
    throw new CliError(exitCodes.usage, `more than one incident has an id that begins with ${named}`);
  return found;
}

function rowsOf(answer: unknown): readonly unknown[] {
  const list: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'incidents') : undefined;
  if (!Array.isArray(list)) return [];
  return list.map((row: unknown) =>
    typeof row === 'object' && row !== null ? Reflect.get(row, 'incident') : undefined,
  );
}
