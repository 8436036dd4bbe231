import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OciImage, ociImage } from './oci-image.ts';

/** The sample service as an image, and what an attacker would bring. */
export class ContainerService {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-image-'));
  readonly dropped: Buffer;
  readonly implant: Buffer;
  readonly #ask: string;

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
    this.#ask = build('ask', '-static');
    this.dropped = readFileSync(build('dropped', '-static'));
    this.implant = readFileSync(build('implant', '-shared', '-fPIC', '-pthread'));
  }

  image(name: string, multiPlatform = false): OciImage {
    const archive = join(this.dir, `${name.replace(/[^a-z0-9]/g, '-')}.tar`);
    return ociImage(join(this.dir, 'root'), archive, { name, entrypoint: ['/bin/service'], multiPlatform });
  }

  /** One request to a running copy, named by its first process; empty when it does not answer. */
  async ask(
    copy: { readonly pid: number },
    request: string,
    body: Uint8Array = new Uint8Array(),
  ): Promise<string> {
    const child = spawn(this.#ask, [String(copy.pid), '8080'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: 5000,
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    // Nobody listens yet, or the copy was stopped in the middle of it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.concat([Buffer.from(`${request}\n`), body]));
    await once(child, 'close');
    return Buffer.concat(said).toString().trim();
  }

  async answers(copy: { readonly pid: number }): Promise<boolean> {
    for (let i = 0; i < 100; i += 1) {
      if ((await this.ask(copy, 'GET')) === 'hello') return true;
      await sleep(20);
    }
    return false;
  }

  upload(copy: { readonly pid: number }, path: string, bytes: Buffer): Promise<string> {
    return this.ask(copy, `PUT ${path} ${bytes.length}`, bytes);
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
