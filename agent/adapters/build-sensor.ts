import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SourceError } from '../ports/source.ts';

const run = promisify(execFile);

/** What the build needs, and in which package Debian and Ubuntu keep it. */
const needs: readonly {
  readonly what: string;
  readonly debian: string;
  readonly present: () => Promise<boolean>;
}[] = [
  { what: 'clang', debian: 'clang', present: () => runs('clang', ['--version']) },
  { what: 'gcc', debian: 'gcc', present: () => runs('gcc', ['--version']) },
  { what: 'the C library (static)', debian: 'libc6-dev', present: () => hasLibrary('libc.a') },
  { what: 'libbpf (static, with headers)', debian: 'libbpf-dev', present: () => hasLibrary('libbpf.a') },
  { what: 'libelf (static)', debian: 'libelf-dev', present: () => hasLibrary('libelf.a') },
  { what: 'zlib (static)', debian: 'zlib1g-dev', present: () => hasLibrary('libz.a') },
];

/** Names of Debian packages without which the sensor cannot be built here; empty = it can be. */
export async function missingPackages(): Promise<readonly string[]> {
  const present = await Promise.all(needs.map((n) => n.present()));
  return needs.filter((_, i) => present[i] === false).map((n) => n.debian);
}

/**
 * The sensor's binary for these very sources, from the cache or built into it (about 2 s).
 * @throws SourceError `no-compiler` naming what is missing, or what the compiler said.
 */
export async function buildSensor(cacheDir: string): Promise<string> {
  const sources = await sourceDir();
  const name = `whorl-sensor-${await digestOf(sources)}`;
  // Built with the package, as in the image: beside dist/agent, so that a node needs no compiler.
  const shipped = fileURLToPath(new URL(`../../sensor/${name}`, import.meta.url));
  if (await isOurs(shipped)) return shipped;
  const binary = join(cacheDir, name);
  if (await isOurs(binary)) return binary;
  const missing = await missingPackages();
  if (missing.length > 0) {
    const message = `the sensor cannot be built without ${missing.join(', ')} (names of Debian packages)`;
    throw new SourceError('no-compiler', message);
  }
  // Only ours: whoever can write here runs code with the agent's rights.
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(cacheDir, 'build-'));
  try {
    await compile(sources, work);
    await rename(join(work, 'whorl-sensor'), binary);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return binary;
}

/** In the checkout beside the adapters; in the package, where dist/ holds the adapters, at its top. */
async function sourceDir(): Promise<string> {
  for (const relative of ['../sensor/', '../../../agent/sensor/']) {
    const dir = fileURLToPath(new URL(relative, import.meta.url));
    if (await exists(join(dir, 'whorl.bpf.c'))) return dir;
  }
  throw new SourceError('no-compiler', 'the sources of the sensor are not installed; reinstall whorl');
}

async function digestOf(dir: string): Promise<string> {
  const hash = createHash('sha256').update(process.arch);
  const names = (await readdir(dir)).filter((n) => n.endsWith('.c') || n.endsWith('.h')).sort();
  for (const name of names) hash.update(`\0${name}\0`).update(await readFile(join(dir, name)));
  return hash.digest('hex').slice(0, 16);
}

async function isOurs(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function compile(sources: string, work: string): Promise<void> {
  const target = process.arch === 'arm64' ? 'arm64' : 'x86';
  const object = [
    '-O2',
    '-g',
    '-target',
    'bpf',
    `-D__TARGET_ARCH_${target}`,
    '-c',
    join(sources, 'whorl.bpf.c'),
  ];
  // The headers of libbpf lie where the compiler for this machine looks, the one for BPF does not everywhere.
  await tool('clang', [...object, '-I/usr/include', '-o', join(work, 'whorl.bpf.o')]);
  const parts = ['sensor.c', 'programs.c', 'stream.c', 'found.c', 'system-calls.c'].map((n) =>
    join(sources, n),
  );
  const link = [
    '-O2',
    '-static',
    `-Wa,-I${work}`,
    ...parts,
    '-o',
    join(work, 'whorl-sensor'),
    '-lbpf',
    '-lelf',
    '-lz',
  ];
  // libelf from 0.189 on packs with zstd.
  await tool('gcc', link).catch((error: unknown) =>
    tool('gcc', [...link, '-lzstd']).catch(() => Promise.reject(error)),
  );
}

async function tool(name: string, args: readonly string[]): Promise<void> {
  try {
    await run(name, args, { timeout: 120_000, maxBuffer: 1 << 20 });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : String(cause);
    const first = said.split('\n').find((line) => line.includes('error')) ?? said.split('\n')[0] ?? '';
    throw new SourceError('no-compiler', `${name} could not build the sensor: ${first.slice(0, 300)}`, {
      cause,
    });
  }
}

async function hasLibrary(name: string): Promise<boolean> {
  // gcc answers with the bare name when it knows no such file.
  const answer = await run('gcc', [`-print-file-name=${name}`]).catch(() => undefined);
  return answer !== undefined && (await exists(answer.stdout.trim())) && answer.stdout.includes('/');
}

function runs(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
