import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { Answer } from './answer.ts';
import { ApiClient, memberOf } from './api-client.ts';
import { collectorUrl, readCa } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { type Login, loginPath, readLogin, removeLogin, writeLogin } from './login-file.ts';
import { roleText } from './token-text.ts';
import { registerTokens } from './verb-login-token.ts';

interface Options {
  readonly ca?: string;
  readonly tokenFile?: string;
  readonly name?: string;
  readonly status?: boolean;
  readonly logout?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

/** A token is a line. */
const maxTokenBytes = 4096;

export function register(program: Command, io: Io): void {
  const verb = changing(
    program
      .command('login')
      .description(
        'use a collector on another machine: kept for the next commands, in a file of your own (0600)',
      )
      .argument('[url]', 'https://HOST:PORT of its HTTP API')
      .option('--ca <ca.pem>', "the authority to believe: the collector's tls/ca.pem (default: the system's)")
      .option('--token-file <path>', 'API token or bootstrap token; - for stdin (default: asked for)')
      .option(
        '--name <name>',
        'what you are called there, when it is the bootstrap token (default: your user name)',
      )
      .option('--status', 'say where and who you are')
      .option('--logout', 'forget it on this machine; the token itself goes on until it is revoked')
      .option('--json', 'one JSON object'),
  ).action((url: string | undefined, options: Options) => login(io, url, options));
  examples(verb, [
    [
      'whorl login https://whorl.example.com:8443 --ca ca.pem --token-file bootstrap-token --name ada',
      'the first administrator, by the token of the first start',
    ],
    ['whorl login https://whorl.example.com:8443 --ca ca.pem', 'anybody else; the token is asked for'],
    ['whorl login --status', 'where and who you are'],
    ['whorl login token create ci --role viewer --reason CHG-4711', 'a token for somebody else'],
  ]);
  registerTokens(verb, io);
}

async function login(io: Io, url: string | undefined, options: Options): Promise<void> {
  const asked = [url !== undefined, options.status === true, options.logout === true].filter(Boolean);
  if (asked.length !== 1)
    throw new CliError(
      exitCodes.usage,
      'what is to be done is not clear',
      'give a URL, --status or --logout',
    );
  if (url !== undefined) return logIn(io, collectorUrl(url), options);
  if (options.status === true) return showStatus(io, options);
  logOut(io, options);
}

async function logIn(io: Io, url: string, options: Options): Promise<void> {
  const ca = options.ca === undefined ? undefined : await readCa(io, options.ca);
  const given = await givenToken(io, options);
  const place = { kind: 'url', url, ...(ca === undefined ? {} : { ca }) } as const;
  if (options.dryRun === true) {
    // Nothing may be used up: a bootstrap token is good once.
    io.err(`would log in at ${url} and keep it in ${loginPath(io)}`);
    return;
  }
  const { token, who } = await enter(place, given, options.name);
  const kept: Login = { url, token, ...(ca === undefined ? {} : { ca }) };
  await writeLogin(io, kept);
  tell(io, url, who, options);
}

type Place = { readonly kind: 'url'; readonly url: string; readonly ca?: string };

/** Both kinds of token look the same: one that is known to nobody may be the bootstrap token. */
async function enter(
  place: Place,
  token: string,
  name: string | undefined,
): Promise<{ readonly token: string; readonly who: unknown }> {
  const whoIs = (known: string) =>
    new ApiClient({ ...place, token: known }).call({ method: 'GET', path: '/whoami' });
  const made = async (): Promise<{ token: string; who: unknown }> => {
    const got = await exchange(place, token, name ?? userInfo().username);
    return { token: got, who: await whoIs(got) };
  };
  if (name !== undefined) return made();
  try {
    return { token, who: await whoIs(token) };
  } catch (error) {
    if (!(error instanceof CliError && error.exitCode === exitCodes.trust)) throw error;
    return made().catch(() => {
      throw error;
    });
  }
}

/** @returns the API token that the bootstrap token was good for */
async function exchange(place: Place, token: string, name: string): Promise<string> {
  const client = new ApiClient({ ...place, token });
  const made = await client.call({ method: 'POST', path: '/bootstrap', body: { name } });
  const got = memberOf(made, 'token');
  if (typeof got === 'string') return got;
  throw new CliError(exitCodes.network, `${client.where} made no token`, 'is it the address of a collector?');
}

/** Never argv: every user of the machine can read the arguments of every process. */
async function givenToken(io: Io, { tokenFile }: Options): Promise<string> {
  const text =
    tokenFile === undefined
      ? (io.env.WHORL_TOKEN ?? (await io.askSecret('API token: ')))
      : new TextDecoder().decode(await io.readFile(tokenFile, { maxBytes: maxTokenBytes }));
  const token = text?.trim() ?? '';
  if (/^whorl_[0-9A-Za-z_]{20,200}$/.test(token)) return token;
  throw new CliError(
    exitCodes.usage,
    token === '' ? 'there is no token' : 'this is no token of whorl',
    'give --token-file PATH (or -), or WHORL_TOKEN; it begins with whorl_',
  );
}

async function showStatus(io: Io, options: Options): Promise<void> {
  const kept = await readLogin(io);
  if (kept === undefined)
    throw new CliError(exitCodes.usage, 'nobody is logged in here', 'whorl login URL, or use --data-dir');
  const who = await new ApiClient({ kind: 'url', ...kept }).call({ method: 'GET', path: '/whoami' });
  tell(io, kept.url, who, options);
}

/** Also where the file is damaged or was open to others: what is in it must be possible to get rid of. */
function logOut(io: Io, options: Options): void {
  const path = loginPath(io);
  const [was, dryRun] = [existsSync(path), options.dryRun === true];
  if (!dryRun) removeLogin(io);
  if (options.json === true) io.out(JSON.stringify({ file: path, was, dryRun }));
  else if (!was) io.err('nobody was logged in here');
  else io.err(`${dryRun ? 'would remove' : 'removed'} ${path}; the token itself goes on until it is revoked`);
}

function tell(io: Io, url: string, who: unknown, options: Options): void {
  if (options.json === true) {
    const why = options.reason === undefined ? {} : { reason: options.reason };
    io.out(JSON.stringify({ url, ...Object(who), ...why }));
    return;
  }
  const answer = new Answer(who);
  io.out(`${printable(answer.text('name'), 100)} at ${url}: ${roleText(answer)}`);
}
