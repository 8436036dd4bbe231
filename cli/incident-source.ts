import type { Drift } from '../fingerprint/incident.ts';
import { parseDrift } from '../fingerprint/incident-json.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { parseWorkload } from '../fingerprint/workload-json.ts';
import { Answer } from './answer.ts';
import { type ApiClient, connectCollector, memberOf } from './api-client.ts';
import type { WhereOptions } from './collector-place.ts';
import { dataDir } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { type ListedIncident, readListed } from './incident-rows.ts';
import type { Io } from './io.ts';

/** @param hint what to do when there is none. @throws CliError */
export async function theCollector(io: Io, options: WhereOptions, hint: string): Promise<ApiClient> {
  const collector = await connectCollector(io, options);
  if (collector !== undefined) return collector;
  throw new CliError(
    exitCodes.incomplete,
    `no collector runs on ${dataDir(io, options.dataDir)}`,
    `start whorl up, name its --data-dir, or ${hint}`,
  );
}

/** The one whose id, or that of one of its occurrences, begins so. @throws CliError */
export async function incidentByPrefix(collector: ApiClient, id: string): Promise<ListedIncident> {
  const rows = await collector.list('/incidents', { id }, 2);
  const [found, another] = about(collector.where, () => rows.map(readListed));
  const named = printable(id, 64);
  if (found === undefined)
    throw new CliError(
      exitCodes.usage,
      `no incident has an id that begins with ${named}`,
      'whorl incidents --state all lists them',
    );
  if (another !== undefined)
    throw new CliError(
      exitCodes.usage,
      `more than one incident has an id that begins with ${named}`,
      'give more of it',
    );
  return found;
}

/** What all occurrences of an incident showed, for a person who is about to grant it. */
export interface IncidentDrifts {
  readonly id: string;
  readonly version: number;
  readonly workload: Workload;
  /** Gravest first. */
  readonly drifts: readonly Drift[];
  /** Drifts that are only counted. */
  readonly left: number;
  readonly silences: readonly Answer[];
}

/** @throws CliError */
export async function incidentDrifts(collector: ApiClient, prefix: string): Promise<IncidentDrifts> {
  const { id } = await incidentByPrefix(collector, prefix);
  const answer = await collector.call({
    method: 'GET',
    path: `/incidents/${encodeURIComponent(id)}/preview`,
  });
  const said = new Answer(answer);
  const grants = memberOf(answer, 'grants');
  return about(collector.where, () => ({
    id,
    version: said.number('version'),
    workload: parseWorkload(memberOf(answer, 'workload'), 'workload'),
    drifts: (Array.isArray(grants) ? grants : []).map((g) => parseDrift(memberOf(g, 'drift'), 'drift')),
    left: said.number('left'),
    silences: said.list('silences'),
  }));
}

/** Decides about an incident as it was seen. @returns the version it has now. @throws CliError, `Refused` with 412 when it changed */
export async function postReview(
  collector: ApiClient,
  { id, version }: Pick<ListedIncident, 'id' | 'version'>,
  review: {
    readonly act: string;
    readonly reason: string;
    readonly document?: string;
    readonly until?: number;
  },
): Promise<number> {
  const path = `/incidents/${encodeURIComponent(id)}/reviews`;
  const headers = { 'if-match': `"${version}"` };
  return new Answer(await collector.call({ method: 'POST', path, body: review, headers })).number('version');
}
