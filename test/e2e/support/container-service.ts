import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OciImage, ociImage } from './oci-image.ts';

/** The sample service as an image, and what an attacker would bring. */
export class ContainerService {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-image-'));
  readonly dropped: Buffer;
  readonly implant: Buffer;

  constructor() {
    const build = (name: string, ...flags: string[]): string => {
      const source = new URL(`../../fixtures/container/${name}.c`, import.meta.url).pathname;
      execFileSync('gcc', ['-O1', ...flags, '-o', join(this.dir, name), source]);
      return join(this.dir, name);
    };
    const service = build('service');
    const root = join(this.dir, 'root');
    for (const below of ['bin', 'srv', 'tmp', 'proc', 'sys', 'dev', 'etc', 'run'])
      mkdirSync(join(root, below), { recursive: true });
    copyFileSync(service, join(root, 'bin/service'));
    writeFileSync(join(root, 'srv/page'), 'hello\n');
    copyLibraries(service, root);
    this.dropped = readFileSync(build('dropped', '-static'));
    this.implant = readFileSync(build('implant', '-shared', '-fPIC', '-pthread'));
  }

  image(name: string, multiPlatform = false): OciImage {
    const archive = join(this.dir, `${name.replace(/[^a-z0-9]/g, '-')}.tar`);
    return ociImage(join(this.dir, 'root'), archive, { name, entrypoint: ['/bin/service'], multiPlatform });
  }

  close(): void {
    rmSync(this.dir, { recursive: true });
  }
}

/** What the dynamic loader needs, from the host: `dlopen` does not work in a static program. */
function copyLibraries(program: string, root: string): void {
  for (const [, path] of execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)) {
    if (path === undefined) continue;
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
    chmodSync(join(root, path), 0o755);
  }
}

/** One request to a running copy; empty when it does not answer. */
export function ask(port: number, request: string, body: Buffer = Buffer.alloc(0)): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.from(`${request}\n`), body])));
    socket.on('data', (chunk) => {
      said += String(chunk);
    });
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(said.trim()));
  });
}

export async function answers(port: number): Promise<boolean> {
  for (let i = 0; i < 100; i += 1) {
    if ((await ask(port, 'GET')) === 'hello') return true;
    await sleep(20);
  }
  return false;
}

export function upload(port: number, path: string, bytes: Buffer): Promise<string> {
  return ask(port, `PUT ${path} ${bytes.length}`, bytes);
}

/**
 * A port that nobody listens on, below those Linux hands out by itself: between this look and the service's own bind,
 * any connection of the machine could take one of those.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.on('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
