import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { missingPackages } from '../agent/adapters/build-sensor.ts';

/** Debian, Ubuntu and what calls itself like them. */
function usesApt(): boolean {
  if (!existsSync('/usr/bin/apt-get')) return false;
  const about = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(about);
}

export type Provided =
  | { readonly kind: 'present' }
  | { readonly kind: 'installed'; readonly packages: readonly string[]; readonly seconds: number }
  /** `sentence` says what is missing and how to get it. */
  | { readonly kind: 'missing'; readonly packages: readonly string[]; readonly sentence: string };

/**
 * Sees to it that the sensor can be built. Installs only as root on Debian and its kin, and only after saying so.
 * @param say - told before anything is installed
 */
export async function providePackages(options: {
  readonly install: boolean;
  readonly say: (sentence: string) => void;
}): Promise<Provided> {
  const packages = await missingPackages();
  if (packages.length === 0) return { kind: 'present' };
  const refusal = whyNot(options.install);
  if (refusal !== undefined)
    return { kind: 'missing', packages, sentence: missingSentence(packages, refusal) };
  options.say(
    `to build the event sensor ${packages.join(', ')} must be installed: running apt-get install (--no-install declines)`,
  );
  const started = performance.now();
  const failed = await aptInstall(packages);
  if (failed !== undefined) return { kind: 'missing', packages, sentence: missingSentence(packages, failed) };
  return { kind: 'installed', packages, seconds: (performance.now() - started) / 1000 };
}

function whyNot(install: boolean): string | undefined {
  if (!install) return 'installing was declined';
  if (process.getuid?.() !== 0) return 'only root can install them';
  if (!usesApt()) return 'this is neither Debian nor Ubuntu';
  return undefined;
}

function missingSentence(packages: readonly string[], why: string): string {
  return `the event sensor cannot be built because ${packages.join(', ')} ${packages.length === 1 ? 'is' : 'are'} missing and ${why}`;
}

/** Package lists may be absent (a fresh image) or old: the first failure fetches them and tries again. */
async function aptInstall(packages: readonly string[]): Promise<string | undefined> {
  const install = [
    'install',
    '-y',
    '-qq',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=600',
    ...packages,
  ];
  if ((await apt(install)) === undefined) return undefined;
  const update = await apt(['update', '-qq']);
  if (update !== undefined) return `apt-get update failed: ${update}`;
  const again = await apt(install);
  return again === undefined ? undefined : `apt-get install failed: ${again}`;
}

/** @returns the last line of what apt said when it failed */
async function apt(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('/usr/bin/apt-get', args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said = `${said}${part.toString('utf8')}`.slice(-2000);
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) =>
      resolve(code === 0 ? undefined : (said.trim().split('\n').at(-1) ?? `exit ${code}`)),
    );
  });
}
