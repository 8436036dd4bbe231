import type { Command } from 'commander';
import type { Incident } from '../fingerprint/incident.ts';
import { parseIncident } from '../fingerprint/incident-json.ts';
import type { Receipt } from '../fingerprint/order.ts';
import { printable } from '../fingerprint/printable.ts';
import { parseReceipt } from '../fingerprint/receipt-json.ts';
import { formatTime } from '../fingerprint/time.ts';
import { receiptText, workloadName } from './agent-line.ts';
import { connectCollector, memberOf } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { ask } from './control-client.ts';
import { agentSocket, dataDir } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { incidentLine } from './judgement.ts';
import { type Styled, styled } from './text.ts';

interface Options extends WhereOptions {
  readonly limit: string;
  readonly json?: boolean;
  readonly follow?: boolean;
}

interface Row {
  readonly incident: Incident;
  /** Why something was or was not done, in sentences, oldest first. */
  readonly decisions: readonly string[];
  readonly receipts: readonly Receipt[];
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    program
      .command('incidents')
      .description('what drifted, what was done about it and why; exit 1 when there are any')
      .argument('[id]', 'one incident in detail, by the beginning of its id')
      .option('--limit <n>', 'the newest n', '100')
      .option('--follow', 'then go on with each new one, until Ctrl-C')
      .option('--json', 'one JSON line per incident'),
  ).action((id: string | undefined, options: Options) => incidents(io, id, options));
  examples(verb, [
    ['whorl incidents', 'the newest, one line each'],
    ['whorl incidents 3f9a', 'one in detail'],
    ['whorl incidents --follow', 'and every new one as it comes'],
    ['whorl incidents --json | head -1 | whorl explain --file -', 'what each drift means'],
  ]);
}

async function incidents(io: Io, id: string | undefined, options: Options): Promise<void> {
  // Before the list: what begins while it is read is in one of the two.
  const following = options.follow === true ? await follow(io, options) : undefined;
  const rows = await readRows(io, options, id);
  const chosen = rows.filter((row) => id === undefined || row.incident.id.startsWith(id));
  if (id !== undefined && chosen.length === 0) {
    throw new CliError(
      exitCodes.usage,
      `no incident has an id that begins with ${printable(id, 64)}`,
      'whorl incidents lists them',
    );
  }
  for (const row of chosen) {
    if (id === undefined || options.json === true) printRow(io, row, options);
    else printLong(io, row);
  }
  if (chosen.length > 0) io.exit(exitCodes.drift);
  else if (options.json !== true) io.err('no incidents');
  if (following !== undefined)
    await tellNew(io, following, new Set(rows.map((row) => row.incident.id)), options);
}

interface Following {
  readonly lines: AsyncGenerator<unknown>;
  readonly where: string;
}

async function follow(io: Io, options: Options): Promise<Following> {
  const collector = await connectCollector(io, options);
  if (collector === undefined)
    throw new CliError(
      exitCodes.incomplete,
      'only a collector tells what is new',
      'start whorl up, or whorl login to a collector elsewhere',
    );
  return { lines: await collector.follow(new AbortController().signal), where: collector.where };
}

/** Ends with Ctrl-C, or when the collector does. */
async function tellNew(
  io: Io,
  { lines, where }: Following,
  told: Set<string>,
  options: Options,
): Promise<never> {
  for await (const line of lines) {
    if (memberOf(line, 'type') !== 'incident' || memberOf(line, 'isNew') !== true) continue;
    const incident = about(where, () => parseIncident(memberOf(line, 'incident'), 'incident'));
    if (told.delete(incident.id)) continue;
    printRow(io, { incident, decisions: [], receipts: [] }, options);
    io.exit(exitCodes.drift);
  }
  throw new CliError(exitCodes.network, `${where} ended the stream`);
}

function printRow(io: Io, row: Row, { json }: Options): void {
  if (json === true) io.out(JSON.stringify(jsonOf(row)));
  else printShort(io, row);
}

/** The collector remembers them all; without it, the agent knows those that are open. */
async function readRows(io: Io, options: Options, id: string | undefined): Promise<readonly Row[]> {
  const directory = dataDir(io, options.dataDir);
  const limit = /^[1-9]\d{0,4}$/.test(options.limit) ? Number(options.limit) : undefined;
  if (limit === undefined || limit > 10_000)
    throw new CliError(exitCodes.usage, '--limit must be a number from 1 to 10000');
  const collector = await connectCollector(io, options);
  if (collector !== undefined) {
    const stored = await collector.list('/incidents', id === undefined ? {} : { id }, limit);
    return about(collector.where, () => stored.map(readRow));
  }
  const status = await ask(agentSocket(directory), 'agent', { method: 'GET', path: '/status' });
  if (status !== undefined) {
    return about('the agent', () =>
      listOf(status).map((v) => ({ incident: parseIncident(v, ''), decisions: [], receipts: [] })),
    );
  }
  throw new CliError(
    exitCodes.incomplete,
    `neither a collector nor an agent runs on ${directory}`,
    'start whorl up, name their --data-dir, or whorl login to a collector elsewhere',
  );
}

function listOf(answer: unknown): readonly unknown[] {
  const list: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'incidents') : undefined;
  return Array.isArray(list) ? list : [];
}

function readRow(value: unknown): Row {
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const list = (name: string): readonly unknown[] => {
    const found = member(name);
    return Array.isArray(found) ? found : [];
  };
  return {
    incident: parseIncident(member('incident'), 'incident'),
    decisions: list('decisions').map((d) =>
      String(typeof d === 'object' && d !== null ? Reflect.get(d, 'detail') : d),
    ),
    receipts: list('receipts').map((r) => parseReceipt(r, 'receipts')),
  };
}

function jsonOf({ incident, decisions, receipts }: Row): object {
  const { id, approval } = incident;
  const approved = approval === undefined ? {} : { approval };
  return { id, ...incidentLine(incident), ...approved, decisions, receipts };
}

function printShort(io: Io, { incident, receipts }: Row): void {
  const done = receipts.filter((r) => r.result === 'done').map((r) => `; ${receiptText(r)}`);
  io.out([
    styled('dim', `${incident.id.slice(0, 12)} ${formatTime(incident.last).slice(0, 19)}Z `),
    severity(incident),
    ` ${incident.sentence}`,
    ...done,
  ]);
}

function printLong(io: Io, { incident, decisions, receipts }: Row): void {
  io.out([severity(incident), ` ${incident.sentence}`]);
  io.out(
    `  workload  ${workloadName(incident.workload)}, copy ${printable(incident.instance.id)} on ${printable(incident.instance.node)}`,
  );
  io.out(`  seen      ${formatTime(incident.first)} to ${formatTime(incident.last)}, id ${incident.id}`);
  for (const drift of incident.drifts) {
    io.out(
      `  drift     ${drift.kind} (${drift.because}) ${drift.lineage.map((e) => printable(e)).join(' → ')}: ${printable(drift.subject, 400)} × ${drift.count}`,
    );
  }
  if (incident.more > 0) io.out(`  and ${incident.more} more`);
  io.out(`  approved  ${approvalText(incident.approval)}`);
  for (const decision of decisions) io.out(`  decided   ${printable(decision, 400)}`);
  for (const receipt of receipts) io.out(`  done      ${receiptText(receipt)}`);
}

/** How far a reaction may go, and in whose name. */
function approvalText(approval: Incident['approval']): string {
  if (approval === undefined) return 'nothing: no fingerprint is in force, so nothing is stopped';
  const { maxMode, neverLearnableMode = maxMode, approvedBy, approvedUntil } = approval;
  const never = neverLearnableMode === maxMode ? '' : `, ${neverLearnableMode} against what is never normal`;
  const by = approvedBy === undefined ? ', by nobody' : `, by ${printable(approvedBy)}`;
  const until = approvedUntil === undefined ? '' : ` until ${printable(approvedUntil)}`;
  return `up to ${maxMode}${never}${by}${until}`;
}

function severity(incident: Incident): Styled {
  const grave = incident.severity === 'critical' || incident.severity === 'high';
  return styled(grave ? 'red' : 'yellow', incident.severity);
}
