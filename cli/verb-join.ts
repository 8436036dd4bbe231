import { existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { isPlainName } from './agent-chosen.ts';
import { time } from './agent-rows.ts';
import { dataDir, dataDirOption } from './data-dir.ts';
import { CliError, type ExitCode, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import type { Joined, JoinRequest } from './join-node.ts';
import { fileName } from './read-file.ts';

interface Options {
  readonly tokenFile?: string;
  readonly cluster: string;
  readonly node?: string;
  readonly dataDir?: string;
  readonly writeConfig?: string | true;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** How a collector is joined; a test gives its own. */
export type Joining = () => Promise<Pick<typeof import('./join-node.ts'), 'joinNode' | 'seenAuthority'>>;

const configFile = '/etc/whorl/agent.json';
/** A token is a line. */
const maxTokenBytes = 4096;

export function register(program: Command, io: Io, joining: Joining = () => import('./join-node.ts')): void {
  const verb = dataDirOption(
    program
      .command('join')
      .description(
        'let this node in at a collector, by a join token: its agent connects with what is got here',
      )
      .argument('<address>', 'HOST:PORT where the collector listens for agents (port 7443 unless given)')
      .option('--token-file <path>', 'file with the join token; - for stdin (default: asked for)')
      .option('--cluster <name>', 'the cluster this node belongs to', 'default')
      .option('--node <name>', 'the name of this node (default: the host name)')
      .option(
        '--write-config [file]',
        `write the settings of the agent (default: ${configFile}); none is replaced`,
      )
      .option(
        '--dry-run',
        "show the collector's authority, if it is the one of the token, and use nothing up",
      )
      .option('--json', 'one JSON object'),
  ).action((address: string, options: Options) => join(io, address, options, joining));
  examples(verb, [
    ['whorl join whorl.example:7443', 'the token is asked for'],
    ['whorl join whorl.example:7443 --token-file - --write-config', 'from stdin, and the agent is set up'],
    ['whorl join whorl.example:7443 --token-file token --dry-run', 'is it the collector of this token?'],
  ]);
}

async function join(io: Io, given: string, options: Options, joining: Joining): Promise<void> {
  const address = addressOf(given);
  const { cluster, node = hostname() } = options;
  for (const name of [cluster, node]) assertPlain(name);
  const file = configOf(options);
  const token = await tokenOf(io, options);
  const place = dataDir(io, options.dataDir);
  const request: JoinRequest = { address, token, cluster, node, dataDir: place, now: () => io.now() };
  const { joinNode, seenAuthority } = await joining();
  if (options.dryRun === true) {
    const { fingerprint256: sha256, subject } = await explained(() => seenAuthority(request));
    if (options.json === true) return io.out(JSON.stringify({ dryRun: true, address, authority: sha256 }));
    io.out(`sha256 ${sha256}`);
    return io.err(
      `the authority at ${address} is the one of the token (${printable(subject, 200)}); nothing was used up`,
    );
  }
  const joined = await explained(() => joinNode(request));
  const settings = settingsOf(request, options);
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    await io.writeFile(file, `${JSON.stringify(settings, null, 2)}\n`);
  }
  tell(io, joined, { request, settings, file, json: options.json === true });
}

interface Told {
  readonly request: JoinRequest;
  readonly settings: Readonly<Record<string, string>>;
  readonly file: string | undefined;
  readonly json: boolean;
}

function tell(io: Io, joined: Joined, told: Told): void {
  if (told.json) io.out(JSON.stringify(documentOf(joined, told)));
  else tellPerson(io, joined, told);
}

function documentOf({ certificate, authority }: Joined, { request, settings, file }: Told): object {
  const { node, cluster } = request;
  const notAfter = certificate.validToDate.getTime();
  return { node, cluster, notAfter, authority: authority.fingerprint256, settings, file };
}

function tellPerson(io: Io, { certificate }: Joined, { request, settings, file }: Told): void {
  const until = time(certificate.validToDate.getTime());
  io.err(
    `${request.node} of ${request.cluster} is let in, its certificate is good until ${until}; the agent renews it by itself`,
  );
  if (file !== undefined) {
    io.err(`start it: whorl agent --config ${fileName(file)}`);
    return;
  }
  for (const [key, value] of Object.entries(settings)) io.out(`${key}=${value}`);
  io.err(
    `put these settings into ${configFile} (--write-config does), or behind --set, and start whorl agent`,
  );
}

/** The agent must say of itself what its certificate says. */
function settingsOf({ address, cluster, node, dataDir: place }: JoinRequest, options: Options) {
  return {
    collector: address,
    ...(cluster === 'default' ? {} : { cluster }),
    ...(options.node === undefined ? {} : { node }),
    ...(place === '/var/lib/whorl' ? {} : { dataDir: place }),
  };
}

/** Before anything is asked: a token that was used up for a configuration that cannot be written is gone. */
function configOf({ writeConfig, dryRun }: Options): string | undefined {
  if (writeConfig === undefined || dryRun === true) return undefined;
  const file = writeConfig === true ? configFile : writeConfig;
  if (!existsSync(file)) return file;
  throw new CliError(
    exitCodes.usage,
    `${fileName(file)} is there already, and is yours to change`,
    'run this without --write-config and put the settings into it',
  );
}

async function tokenOf(io: Io, { tokenFile }: Options): Promise<string> {
  const text =
    tokenFile === undefined
      ? await io.askSecret('Join token: ')
      : new TextDecoder().decode(await io.readFile(tokenFile, { maxBytes: maxTokenBytes }));
  if (text === undefined)
    throw new CliError(
      exitCodes.usage,
      'there is no terminal to ask for the token',
      'use --token-file FILE or -',
    );
  const token = text.trim();
  if (/^whorl-join\.[0-9a-f]{16}\.[\w-]{43}\.[0-9a-f]{32}$/.test(token)) return token;
  throw new CliError(
    exitCodes.trust,
    'this is no join token',
    'it begins with whorl-join. and was printed whole by whorl agents add',
  );
}

function addressOf(given: string): string {
  const address = /^unix:|:\d{1,5}$/.test(given) ? given : `${given}:7443`;
  if (/^(unix:\/.{1,100}|(\[[0-9A-Fa-f:]{2,45}\]|[\w.-]{1,253}):\d{1,5})$/.test(address)) return address;
  throw new CliError(
    exitCodes.usage,
    `${printable(given, 200)} is no address of a collector`,
    'it is HOST:PORT, for example whorl.example:7443',
  );
}

function assertPlain(name: string): void {
  if (!isPlainName(name))
    throw new CliError(
      exitCodes.usage,
      `${printable(name, 64)} is no name of a node or cluster`,
      'these are letters, digits, dots, dashes and underscores',
    );
}

/** What can be tried again is no matter of trust. */
const codes: Readonly<Record<string, ExitCode>> = {
  unreachable: exitCodes.network,
  unavailable: exitCodes.network,
  'too-many-attempts': exitCodes.network,
  'bad-name': exitCodes.usage,
  'key-file': exitCodes.usage,
};

async function explained<T>(work: () => Promise<T>): Promise<T> {
  const { IdentityError } = await import('./join-node.ts');
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    const code = codes[error.code] ?? exitCodes.trust;
    throw new CliError(code, `${error.message} (${error.code})`, undefined, { cause: error });
  }
}
