import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import type { Command } from 'commander';
import { printable } from '../fingerprint/printable.ts';
import { collectorSocket, dataDir, dataDirOption } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { readLogin } from './login-file.ts';

export interface WhereOptions {
  readonly collector?: string;
  readonly dataDir?: string;
}

export type CollectorPlace =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string; readonly token: string; readonly ca?: string };

const maxCaBytes = 1 << 20;

/** Adds `--collector` and `--data-dir` to a verb that asks the collector. */
export function whereOptions(command: Command): Command {
  return dataDirOption(
    command.option(
      '--collector <url>',
      'the collector to ask (or WHORL_COLLECTOR, or whorl login); else the one on this machine',
    ),
  );
}

/**
 * What is named goes before what is remembered, and a flag before the environment.
 * @returns undefined when no collector runs on the data directory. @throws CliError
 */
export async function findCollector(io: Io, options: WhereOptions): Promise<CollectorPlace | undefined> {
  if (options.collector !== undefined) return atUrl(io, options.collector);
  if (options.dataDir !== undefined) return atSocket(io, options.dataDir);
  const [url = '', directory = ''] = [io.env.WHORL_COLLECTOR, io.env.WHORL_DATA_DIR];
  if (url !== '') return atUrl(io, url);
  if (directory !== '') return atSocket(io, undefined);
  const login = await readLogin(io);
  return login === undefined ? atSocket(io, undefined) : { kind: 'url', ...login };
}

async function atUrl(io: Io, given: string): Promise<CollectorPlace> {
  const url = collectorUrl(given);
  const login = await readLogin(io);
  const same = login?.url === url ? login : undefined;
  const token = (io.env.WHORL_TOKEN ?? '') === '' ? same?.token : io.env.WHORL_TOKEN;
  if (token === undefined)
    throw new CliError(
      exitCodes.trust,
      `no token is known for the collector at ${url}`,
      'whorl login, or put one into WHORL_TOKEN',
    );
  const ca = await caOf(io, io.env.WHORL_CA, same?.ca);
  return { kind: 'url', url, token, ...(ca === undefined ? {} : { ca }) };
}

async function caOf(
  io: Io,
  file: string | undefined,
  known: string | undefined,
): Promise<string | undefined> {
  return file === undefined || file === '' ? known : readCa(io, file);
}

/** @throws CliError when the file holds no certificate */
export async function readCa(io: Io, file: string): Promise<string> {
  const text = new TextDecoder().decode(await io.readFile(file, { maxBytes: maxCaBytes }));
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new CliError(
    exitCodes.usage,
    `${printable(file)} holds no certificate`,
    "give the collector's tls/ca.pem",
  );
}

/** @throws CliError when it is no address of a collector: a token goes over TLS or not at all */
export function collectorUrl(given: string): string {
  const url = URL.parse(given.includes('://') ? given : `https://${given}`);
  const isPlain = url?.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  if (url !== null && url.protocol === 'https:' && isPlain && url.password === '') return url.origin;
  throw new CliError(
    exitCodes.usage,
    `${printable(given, 200)} is no address of a collector`,
    'it is https://HOST:PORT, for example https://whorl.example.com:8443',
  );
}

async function atSocket(io: Io, flag: string | undefined): Promise<CollectorPlace | undefined> {
  const path = collectorSocket(dataDir(io, flag));
  return (await isAnswered(path)) ? { kind: 'socket', path } : undefined;
}

/** A socket may be left from a collector that was killed. One we may not open is told when it is asked. */
function isAnswered(path: string): Promise<boolean> {
  if (!existsSync(path)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) =>
      resolve(!('code' in error && ['ECONNREFUSED', 'ENOENT', 'EINVAL'].includes(String(error.code)))),
    );
  });
}
