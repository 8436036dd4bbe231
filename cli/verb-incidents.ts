import type { Command } from 'commander';
import { type Incident, type Severity, severities } from '../fingerprint/incident.ts';
import { parseIncident } from '../fingerprint/incident-json.ts';
import { parseTime } from '../fingerprint/time.ts';
import { type ApiClient, connectCollector, memberOf } from './api-client.ts';
import { choice } from './choice.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { ask } from './control-client.ts';
import { agentSocket, dataDir } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import { registerActs } from './incident-acts.ts';
import { registerPreview } from './incident-preview.ts';
import {
  type IncidentDetail,
  type ListedIncident,
  listedAlone,
  readDetail,
  readListed,
} from './incident-rows.ts';
import { incidentByPrefix } from './incident-source.ts';
import { detailJson, detailText, listedJson, listedText } from './incident-text.ts';
import type { Io } from './io.ts';

interface Options extends WhereOptions {
  readonly limit: string;
  readonly state: string;
  readonly severity?: string;
  readonly namespace: readonly string[];
  readonly since?: string;
  readonly json?: boolean;
  readonly follow?: boolean;
}

const states = ['open', 'closed', 'all'] as const;

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    program
      .command('incidents')
      .description('what drifted, what was done about it and why; exit 1 when any shown is open')
      .argument('[id]', 'one incident in detail, by the beginning of its id')
      .addOption(choice('--state <state>', states.join(', '), states).default('open'))
      .addOption(choice('--severity <least>', `at least ${severities.join(' < ')}`, severities))
      .option('--namespace <name>', 'only of this namespace; may be repeated', collect, [])
      .option('--since <time>', 'active since then, such as 2026-05-01T08:00:00Z')
      .option('--limit <n>', 'the newest n', '100')
      .option('--follow', 'then go on with each new one, until Ctrl-C')
      .option('--json', 'one JSON line per incident'),
  ).action((id: string | undefined, options: Options) => incidents(io, id, options));
  examples(verb, [
    ['whorl incidents', 'what is open, the newest first, one line each'],
    ['whorl incidents 3f9a', 'one in detail'],
    ['whorl incidents preview 3f9a', 'what accepting it would grant'],
    ['whorl incidents false-positive 3f9a --reason CHG-4711', 'close it; undo takes that back'],
    ['whorl incidents --state all --severity high', 'also what people have decided on'],
    ['whorl incidents --follow', 'and every new one as it comes'],
    ['whorl incidents --json | head -1 | whorl explain --file -', 'what each drift means'],
  ]);
  registerPreview(verb, io);
  registerActs(verb, io);
}

/** What of them a person wants to see. */
interface Wanted {
  readonly state?: 'open' | 'closed';
  readonly severity?: Severity;
  readonly namespaces: readonly string[];
  /** µs since the Unix epoch. */
  readonly since?: number;
  readonly limit: number;
}

async function incidents(io: Io, id: string | undefined, options: Options): Promise<void> {
  const wanted = wantedOf(options);
  const collector = await connectCollector(io, options);
  if (id !== undefined) return one(io, collector, id, options);
  // Before the list: what begins while it is read is in one of the two.
  const following = options.follow === true ? await follow(collector) : undefined;
  const rows = collector === undefined ? await ofAgent(io, options, wanted) : await listed(collector, wanted);
  for (const row of rows) printRow(io, row, options);
  if (rows.some((row) => row.state === 'open')) io.exit(exitCodes.drift);
  if (rows.length === 0 && options.json !== true) io.err('no incidents');
  if (following !== undefined) await tellNew(io, following, rows, { wanted, options });
}

/** @throws CliError */
function wantedOf({ limit, state, severity, namespace, since }: Options): Wanted {
  const most = /^[1-9]\d{0,4}$/.test(limit) ? Number(limit) : undefined;
  if (most === undefined || most > 10_000)
    throw new CliError(exitCodes.usage, '--limit must be a number from 1 to 10000');
  const chosen = wordOf('--state', state, states);
  const from = since === undefined ? undefined : parseTime(since);
  if (since !== undefined && from === undefined)
    throw new CliError(exitCodes.usage, '--since must be a time such as 2026-05-01T08:00:00Z');
  return {
    limit: most,
    namespaces: namespace,
    ...(chosen === 'all' ? {} : { state: chosen }),
    ...(severity === undefined ? {} : { severity: wordOf('--severity', severity, severities) }),
    ...(from === undefined ? {} : { since: from }),
  };
}

function wordOf<T extends string>(option: string, given: string, words: readonly T[]): T {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  throw new CliError(exitCodes.usage, `${option} must be one of ${words.join(', ')}`);
}

/** The collector remembers them all and answers for the whole site. */
async function listed(collector: ApiClient, wanted: Wanted): Promise<readonly ListedIncident[]> {
  const { state, severity, namespaces, since, limit } = wanted;
  const query = {
    ...(state === undefined ? {} : { state }),
    ...(severity === undefined ? {} : { minSeverity: severity }),
    ...(namespaces.length === 0 ? {} : { namespace: namespaces }),
    ...(since === undefined ? {} : { since: String(Math.floor(since / 1000)) }),
  };
  const rows = await collector.list('/incidents', query, limit);
  return about(collector.where, () => rows.map(readListed));
}

/** Without a collector the agent knows those of its node that are open. */
async function ofAgent(io: Io, options: Options, wanted: Wanted): Promise<readonly ListedIncident[]> {
  const open = await agentsOwn(io, options);
  if (wanted.state === 'closed')
    throw new CliError(exitCodes.incomplete, 'only a collector knows what people closed', elsewhere);
  return open
    .map((incident) => listedAlone(incident))
    .filter((row) => isWanted(row, wanted))
    .slice(0, wanted.limit);
}

async function agentsOwn(io: Io, options: WhereOptions): Promise<readonly Incident[]> {
  const directory = dataDir(io, options.dataDir);
  const status = await ask(agentSocket(directory), 'agent', { method: 'GET', path: '/status' });
  if (status === undefined)
    throw new CliError(
      exitCodes.incomplete,
      `neither a collector nor an agent runs on ${directory}`,
      'start whorl up, name their --data-dir, or whorl login to a collector elsewhere',
    );
  const found = memberOf(status, 'incidents');
  return about('the agent', () => (Array.isArray(found) ? found : []).map((v) => parseIncident(v, '')));
}

const elsewhere = 'start whorl up, or whorl login to a collector elsewhere';

/** The collector filters by the same rules; this is for what comes without its help. */
function isWanted({ severity, lead, last }: ListedIncident, wanted: Wanted): boolean {
  const { severity: least = 'low', namespaces, since = 0 } = wanted;
  return (
    severities.indexOf(severity) >= severities.indexOf(least) &&
    (namespaces.length === 0 || namespaces.includes(lead.workload.namespace)) &&
    last >= since
  );
}

async function one(io: Io, collector: ApiClient | undefined, id: string, options: Options): Promise<void> {
  const row = collector === undefined ? await oneOfAgent(io, id, options) : await detail(collector, id);
  if (row.state === 'open') io.exit(exitCodes.drift);
  if (options.json === true) io.out(JSON.stringify(detailJson(row)));
  else for (const line of detailText(row)) io.out(line);
}

async function detail(collector: ApiClient, prefix: string): Promise<IncidentDetail> {
  const { id } = await incidentByPrefix(collector, prefix);
  const answer = await collector.call({ method: 'GET', path: `/incidents/${encodeURIComponent(id)}` });
  return about(collector.where, () => readDetail(answer));
}

async function oneOfAgent(io: Io, prefix: string, options: Options): Promise<IncidentDetail> {
  const [found, another] = (await agentsOwn(io, options)).filter(({ id }) => id.startsWith(prefix));
  if (found !== undefined && another === undefined) {
    const seen = [{ incident: found, decisions: [], receipts: [] }];
    return { ...listedAlone(found), seen, more: 0, history: [] };
  }
  const many = found === undefined ? 'no open incident' : 'more than one open incident';
  throw new CliError(exitCodes.usage, `${many} of the agent has an id that begins so`, 'whorl incidents');
}

interface Following {
  readonly lines: AsyncGenerator<unknown>;
  readonly where: string;
}

async function follow(collector: ApiClient | undefined): Promise<Following> {
  if (collector === undefined)
    throw new CliError(exitCodes.incomplete, 'only a collector tells what is new', elsewhere);
  return { lines: await collector.follow(new AbortController().signal), where: collector.where };
}

/** Ends with Ctrl-C, or when the collector does. */
async function tellNew(
  io: Io,
  { lines, where }: Following,
  rows: readonly ListedIncident[],
  { wanted, options }: { readonly wanted: Wanted; readonly options: Options },
): Promise<never> {
  const told = new Set(rows.map((row) => row.id));
  for await (const line of lines) {
    if (memberOf(line, 'type') !== 'incident' || memberOf(line, 'isNew') !== true) continue;
    const incident = about(where, () => parseIncident(memberOf(line, 'incident'), 'incident'));
    const row = listedAlone(incident, String(memberOf(line, 'row') ?? incident.id));
    if (told.delete(row.id) || !isWanted(row, wanted)) continue;
    printRow(io, row, options);
    io.exit(exitCodes.drift);
  }
  throw new CliError(exitCodes.network, `${where} ended the stream`);
}

function printRow(io: Io, row: ListedIncident, { json }: Options): void {
  io.out(json === true ? JSON.stringify(listedJson(row)) : listedText(row));
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
