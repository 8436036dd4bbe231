import { execFile } from 'node:child_process';
import { join } from 'node:path';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/**
 * The command line in a process of its own, without a terminal: nobody is there to confirm anything.
 * @param home where it keeps what it remembers, and finds no data directory of this machine
 */
export function whorlFrom(home: string) {
  const main = new URL('../../../cli/main.ts', import.meta.url).pathname;
  const places = { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'nothing') };
  return (args: readonly string[], more: Readonly<Record<string, string>> = {}, input = ''): Promise<Ran> =>
    new Promise((resolve) => {
      const ran = execFile(
        process.execPath,
        [main, ...args],
        { env: { PATH: process.env.PATH, ...places, ...more } },
        (_error, out, err) => resolve({ code: ran.exitCode ?? -1, out, err }),
      );
      ran.stdin?.end(input);
    });
}
