import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { chosenAgent, isPlainName } from './agent-chosen.ts';
import { agentDetail, agentLine, agentName } from './agent-rows.ts';
import { registerAdd } from './agents-add.ts';
import { Answer } from './answer.ts';
import type { ApiClient } from './api-client.ts';
import { askedCollector, reasonOf } from './asked-collector.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { typedConfirmation } from './typed-confirmation.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
}

interface ChangeOptions extends Options {
  readonly cluster?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = whereOptions(
    program
      .command('agents')
      .description('the agents of a collector: who is there, who is let in, who is shut out')
      .argument('[node]', 'one in detail, by the beginning of its name')
      .option('--json', 'one JSON object'),
  ).action((node: string | undefined, options: Options) => show(io, node, options));
  examples(verb, [
    ['whorl agents', 'a line each: connected, blind, silent, certificate'],
    ['whorl agents worker-7', 'one in detail'],
    ['whorl agents add --node worker-7 --reason OPS-31', 'the line that lets a new node in'],
    ['whorl agents revoke worker-7 --reason "disk stolen"', 'shut one out, at once'],
  ]);
  registerAdd(verb, io);
  registerRevoke(verb, io);
  registerLetIn(verb, io);
}

function registerRevoke(agents: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      agents
        .command('revoke')
        .description('shut an agent out: its stream is cut at once, it can neither renew nor enrol')
        .argument('<node>', 'as whorl agents shows it: NODE or CLUSTER/NODE')
        .option('--cluster <name>', 'its cluster; needed for a node that was never heard of')
        .option('--yes', 'do not ask')
        .option('--json', 'one JSON object'),
    ),
  ).action((node: string, _own: unknown, command: Command) => revoke(io, node, command.optsWithGlobals()));
  examples(verb, [['whorl agents revoke worker-7 --reason "disk stolen"', 'asks once more']]);
}

function registerLetIn(agents: Command, io: Io): void {
  const verb = changing(
    whereOptions(
      agents
        .command('let-in')
        .description('take a revocation back: an agent whose certificate still counts connects by itself')
        .argument('<node>', 'as whorl agents shows it: NODE or CLUSTER/NODE')
        .option('--cluster <name>', 'its cluster, when several have such a node')
        .option('--json', 'one JSON object'),
    ),
  ).action((node: string, _own: unknown, command: Command) => letIn(io, node, command.optsWithGlobals()));
  examples(verb, [['whorl agents let-in worker-7 --reason "it was found"', 'it may connect again']]);
}

async function show(io: Io, node: string | undefined, options: Options): Promise<void> {
  const collector = await askedCollector(io, options);
  const rows = await collector.list('/agents');
  if (node !== undefined) return showOne(io, collector, known(rows, node, { mayPrefix: true }), options);
  if (options.json === true) return io.out(JSON.stringify({ agents: rows }));
  for (const row of rows) io.out(agentLine(new Answer(row), io.now()));
  if (rows.length === 0) io.err(await whyNone(collector));
}

/** A node carries copies of every namespace: a token of some namespaces is shown no agents at all. */
async function whyNone(collector: ApiClient): Promise<string> {
  const scope = new Answer(await collector.call({ method: 'GET', path: '/whoami' })).at('scope');
  return scope.words('namespaces') !== ''
    ? 'your token is for some namespaces, and agents are of whole clusters; an administrator can make you another'
    : 'no agents yet; whorl agents add --reason WHY lets one in';
}

async function showOne(io: Io, collector: ApiClient, agent: Answer, { json }: Options): Promise<void> {
  const answer = await collector.call({ method: 'GET', path: pathOf(agent.text('id')) });
  if (json === true) return io.out(JSON.stringify(answer));
  for (const line of agentDetail(new Answer(answer), io.now())) io.out(line);
}

async function revoke(io: Io, node: string, options: ChangeOptions): Promise<void> {
  const reason = reasonOf(options);
  const collector = await askedCollector(io, options);
  const agent = chosenAgent(await collector.list('/agents'), node, { cluster: options.cluster });
  const id = agent?.text('id') ?? unheardOf(node, options.cluster);
  const name = agent === undefined ? id.replace(':', '/') : agentName(agent);
  if (options.dryRun === true) return io.err(`would shut out ${name}`);
  const stream =
    agent?.flag('connected') === true ? 'is connected: its stream is cut at once' : 'is not connected';
  const what = `${name} ${stream}; it can neither renew its certificate nor enrol until whorl agents let-in. What it observes waits on its disk, and no order reaches it.`;
  const word = agent?.text('node') ?? node;
  await typedConfirmation(io, { word: printable(word, 253), yes: options.yes, what });
  const answer = await collector.call({ method: 'POST', path: `${pathOf(id)}/revoke`, body: { reason } });
  if (options.json === true) io.out(JSON.stringify(answer));
  else io.err(`${name} is shut out; whorl agents let-in ${printable(word, 253)} takes it back`);
}

async function letIn(io: Io, node: string, options: ChangeOptions): Promise<void> {
  const reason = reasonOf(options);
  const collector = await askedCollector(io, options);
  const agent = known(await collector.list('/agents'), node, { cluster: options.cluster });
  if (options.dryRun === true) return io.err(`would let ${agentName(agent)} in again`);
  const path = `${pathOf(agent.text('id'))}/let-in`;
  const answer = await collector.call({ method: 'POST', path, body: { reason } });
  if (options.json === true) io.out(JSON.stringify(answer));
  else
    io.err(
      `${agentName(agent)} may connect again; if its certificate is gone, whorl agents add makes a token for it`,
    );
}

function known(
  rows: readonly unknown[],
  node: string,
  options: { readonly cluster?: string | undefined; readonly mayPrefix?: boolean },
): Answer {
  const agent = chosenAgent(rows, node, options);
  if (agent !== undefined) return agent;
  throw new CliError(
    exitCodes.usage,
    `no agent is called ${printable(node, 253)}`,
    'whorl agents lists those there are',
  );
}

/** Whoever is shut out beforehand must be named whole: nothing is there to compare it with. */
function unheardOf(node: string, cluster: string | undefined): string {
  if (cluster !== undefined && isPlainName(cluster) && isPlainName(node)) return `${cluster}:${node}`;
  throw new CliError(
    exitCodes.usage,
    `no agent is called ${printable(node, 253)}`,
    'whorl agents lists those there are; to shut out one that was never heard of, name its --cluster',
  );
}

function pathOf(id: string): string {
  return `/agents/${encodeURIComponent(id)}`;
}
