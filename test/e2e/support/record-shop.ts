import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OciImage, ociImage } from './oci-image.ts';

const main = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url));
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The shop as images, with and without an implant, and what a test suite needs to reach it. */
export class RecordShop {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-shop-'));
  readonly ask = join(this.dir, 'ask');
  /** A `whorl` for the test script. */
  readonly bin = join(this.dir, 'bin');

  constructor() {
    execFileSync('gcc', ['-O1', '-static', '-o', this.ask, fixture('container/ask.c')]);
    mkdirSync(this.bin);
    symlinkSync(fileURLToPath(new URL('../../../bin/whorl', import.meta.url)), join(this.bin, 'whorl'));
  }

  /** @param implant as shop.c says */
  image(name: string, implant: 0 | 1 | 2 = 0): OciImage {
    const root = join(this.dir, name.replace(/[^a-z0-9]/g, '-'));
    for (const below of ['bin', 'srv', 'var', 'proc', 'sys', 'dev', 'etc'])
      mkdirSync(join(root, below), { recursive: true });
    const program = join(root, 'bin/shop');
    execFileSync('gcc', ['-O1', '-static', `-DIMPLANT=${implant}`, '-o', program, fixture('record/shop.c')]);
    writeFileSync(join(root, 'srv/page'), 'welcome\n');
    writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 127.0.0.1\n');
    return ociImage(root, `${root}.tar`, { name, entrypoint: ['/bin/shop'] });
  }

  /** A test script: `$ASK PID 8080` puts a request, `request ID TEXT` one to a container. */
  suite(name: string, lines: readonly string[]): string {
    const path = join(this.dir, name);
    this.#script(path, ['set -eu', ...lines].join('\n'));
    return path;
  }

  #script(path: string, text: string): void {
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }

  env(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const path = `${this.bin}:${process.env.PATH ?? ''}`;
    return { ...process.env, PATH: path, ASK: this.ask, WHORL_DATA_DIR: join(this.dir, 'data'), ...more };
  }

  async whorl(args: readonly string[], env: NodeJS.ProcessEnv = this.env()): Promise<Ran> {
    const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (part: Buffer) => out.push(part));
    child.stderr.on('data', (part: Buffer) => err.push(part));
    await once(child, 'close');
    const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString();
    return { code: child.exitCode, stdout: text(out), stderr: text(err) };
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What a recording may leave behind: its sockets and cgroups. */
export function leftovers(): string[] {
  const cgroups = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => (line.includes(' - cgroup2 ') ? [line.split(' ')[4] ?? ''] : []));
  return ['/run', ...cgroups].flatMap((place) =>
    readdirSync(place).filter((name) => name.startsWith('whorl-record-')),
  );
}
