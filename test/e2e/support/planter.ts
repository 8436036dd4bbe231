import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** What the workload below is told to do, one JSON line each; it answers each with a line. */
export type Act =
  | {
      readonly act: 'exec';
      readonly file: string;
      readonly args: readonly string[];
      readonly argv0?: string;
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
      /** Do not wait for its end: it may be held. */
      readonly leave?: boolean;
    }
  | { readonly act: 'make-folder' | 'create' | 'read' | 'delete'; readonly path: string }
  | { readonly act: 'symlink' | 'rename'; readonly path: string; readonly to: string }
  /** A program of the machine under another name. */
  | { readonly act: 'drop'; readonly path: string; readonly of: string }
  | { readonly act: 'listen' | 'connect'; readonly socket: string }
  | { readonly act: 'ask'; readonly server: string; readonly name: string };

/** A workload in a cgroup of its own that does what it is told: the watched world, as hostile as a test wants it. */
export class Planter {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child;
    this.#lines = lines;
  }

  static async start(cgroupDir: string): Promise<Planter> {
    const script = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"';
    const program = new URL(import.meta.url).pathname;
    const child = spawn('/bin/sh', ['-c', script, 'sh', cgroupDir, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
    });
    const planter = new Planter(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await planter.#lines.next();
    return planter;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async do(act: Act): Promise<string> {
    // readline takes U+2028 for the end of a line.
    const json = JSON.stringify(act).replaceAll(
      /[^ -~]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    this.#child.stdin?.write(`${json}\n`);
    const { value } = await this.#lines.next();
    const said = String(value);
    if (!said.startsWith('done')) throw new Error(`${act.act}: ${said}`);
    return said;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

async function perform(act: Act): Promise<void> {
  switch (act.act) {
    case 'exec':
      return run(act);
    case 'make-folder':
      return void mkdirSync(act.path, { recursive: true });
    case 'create':
      return writeFileSync(act.path, '');
    case 'read':
      return void readFileSync(act.path);
    case 'delete':
      return rmSync(act.path);
    case 'symlink':
      return symlinkSync(act.to, act.path);
    case 'rename':
      return renameSync(act.path, act.to);
    case 'drop':
      copyFileSync(act.of, act.path);
      return chmodSync(act.path, 0o755);
    case 'listen':
      return void (await once(createServer().listen(act.socket), 'listening'));
    case 'connect': {
      const socket = createConnection(act.socket);
      await once(socket, 'connect');
      return void socket.destroy();
    }
    case 'ask':
      return ask(act.server, act.name);
  }
}

async function run(act: Extract<Act, { act: 'exec' }>): Promise<void> {
  const child = spawn(act.file, [...act.args], {
    stdio: 'ignore',
    ...(act.argv0 === undefined ? {} : { argv0: act.argv0 }),
    ...(act.env === undefined ? {} : { env: act.env }),
    ...(act.cwd === undefined ? {} : { cwd: act.cwd }),
  });
  await once(child, act.leave === true ? 'spawn' : 'exit');
}

/** A question for an A record over UDP; nobody waits for the answer. */
async function ask(server: string, name: string): Promise<void> {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const head = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const question = Buffer.concat([head, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.send(question, 53, server, (error) => (error === null ? resolve() : reject(error)));
  });
  socket.close();
}

if (import.meta.main) {
  process.stdout.write('ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    // The test that started it is the only one who writes here.
    const act = JSON.parse(line) as Act;
    const outcome = await perform(act).then(
      () => 'done',
      (error: unknown) => `failed: ${String(error).replaceAll('\n', ' ')}`,
    );
    process.stdout.write(`${outcome}\n`);
  }
}
