import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** What `whorl login` keeps for the next commands. */
export interface Login {
  /** `https://host:port`, without a path. */
  readonly url: string;
  readonly token: string;
  /** PEM of the only authority that is believed for this collector; absent: those of the system. */
  readonly ca?: string;
}

const maxBytes = 1 << 20;

export function loginPath(io: Io): string {
  const home = io.env.HOME ?? homedir();
  return join(io.env.XDG_CONFIG_HOME ?? join(home, '.config'), 'whorl', 'login.json');
}

/** @returns undefined when nobody logged in. @throws CliError when it is damaged, or others can read it */
export async function readLogin(io: Io): Promise<Login | undefined> {
  const path = loginPath(io);
  if (!existsSync(path)) return undefined;
  if ((statSync(path).mode & 0o077) !== 0)
    throw new CliError(
      exitCodes.trust,
      `${fileName(path)} can be read by others than its owner`,
      'set its mode to 0600, and have the token in it revoked if somebody may have read it',
    );
  const bytes = await io.readFile(path, { maxBytes });
  const value = about(fileName(path), () => parseJson(bytes));
  const text = (name: string): string | undefined => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    return typeof found === 'string' ? found : undefined;
  };
  const [url, token, ca] = [text('url'), text('token'), text('ca')];
  if (url === undefined || token === undefined)
    throw new CliError(exitCodes.usage, `${fileName(path)} is damaged`, 'whorl login makes it anew');
  return { url, token, ...(ca === undefined ? {} : { ca }) };
}

export async function writeLogin(io: Io, login: Login): Promise<void> {
  const path = loginPath(io);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await io.writeFile(path, `${JSON.stringify(login)}\n`, { mode: 0o600, overwrite: true });
}

export function removeLogin(io: Io): void {
  rmSync(loginPath(io), { force: true });
}
