import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeCertificates } from '../../test/fakes/certificates.ts';
import { FalcoServer } from '../../test/fakes/falco-server.ts';
import type { EventSource } from '../ports/source.ts';
import type { SourceNote } from '../ports.ts';
import { falcoFifoSource } from './source-falco-fifo.ts';
import { falcoFileSource } from './source-falco-file.ts';
import { falcoGrpcSource } from './source-falco-grpc.ts';
import { falcoHttpSource } from './source-falco-http.ts';
import { falcoUnixSource } from './source-falco-unix.ts';

const dir = () => mkdtempSync(join(tmpdir(), 'whorl-falco-'));
const now = () => Math.floor(performance.timeOrigin * 1000 + performance.now() * 1000);
const logged: string[] = [];
const say = (_: object, message: string) => void logged.push(message);
const log = { info: say, warn: say, error: say };
const options = { now, log };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  logged.length = 0;
});

/** Runs a source and keeps what it brings. */
class Reader {
  text = '';
  readonly notes: SourceNote[] = [];
  readonly #stop = new AbortController();
  readonly ended: Promise<unknown>;
  #wake = (): void => undefined;

  constructor(source: EventSource) {
    this.ended = source
      .run(
        {
          bytes: (bytes) => {
            this.text += Buffer.from(bytes).toString('latin1');
            this.#wake();
          },
          note: (note) => {
            this.notes.push(note);
            this.#wake();
          },
        },
        this.#stop.signal,
      )
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => this.#wake());
    cleanups.push(() => this.stop());
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  get gaps(): Extract<SourceNote, { type: 'gap' }>[] {
    return this.notes.filter((note) => note.type === 'gap');
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  connected(): Promise<void> {
    return this.until(() => this.notes.some(({ type }) => type === 'connected'));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const alert = (n: number) => `{"n":${n},"time":"2026-11-20T11:02:21.${String(n).padStart(9, '0')}Z"}`;
const alerts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => alert(from + i));

describe('a file', () => {
  const follow = (folder: string) =>
    new Reader(
      falcoFileSource({
        ...options,
        path: join(folder, 'alerts'),
        placeFile: join(folder, 'place'),
        lookMs: 1,
      }),
    );

  it('is read from its end on, whole lines only', async () => {
    const folder = dir();
    writeFileSync(join(folder, 'alerts'), `${alert(0)}\n{"half`);
    const reader = follow(folder);
    await reader.connected();
    appendFileSync(join(folder, 'alerts'), `":1}\n${alert(1)}\n${alert(2)}`);
    await reader.until(() => reader.lines.length === 1);
    appendFileSync(join(folder, 'alerts'), '\n');
    await reader.until(() => reader.lines.length === 2);
    expect(reader.lines).toEqual(alerts(1, 3));
  });

  it('misses nothing that is written once it says it is connected', async () => {
    const folder = dir();
    const path = join(folder, 'alerts');
    writeFileSync(path, `${alert(0)}\n`);
    const stop = new AbortController();
    let text = '';
    await falcoFileSource({ ...options, path, placeFile: join(folder, 'place'), lookMs: 1 }).run(
      {
        bytes: (bytes) => {
          text += Buffer.from(bytes).toString('latin1');
          stop.abort();
        },
        note: ({ type }) => type === 'connected' && appendFileSync(path, `${alert(1)}\n`),
      },
      stop.signal,
    );
    expect(text).toBe(`${alert(1)}\n`);
  });

  it('that came while the agent waited for it is read from its start, also after a restart', async () => {
    const folder = dir();
    const waiting = follow(folder);
    await waiting.connected();
    writeFileSync(join(folder, 'alerts'), '');
    await vi.waitUntil(() => existsSync(join(folder, 'place')), { timeout: 20_000 });
    await waiting.stop();
    appendFileSync(join(folder, 'alerts'), `${alert(3)}\n`);
    const next = follow(folder);
    await next.until(() => next.lines.length === 1);
    expect(next.lines).toEqual([alert(3)]);
  });

  it('is waited for when Falco has not written yet', async () => {
    const folder = dir();
    const reader = follow(folder);
    await reader.connected();
    expect(logged).toEqual([expect.stringMatching(/not written the file yet/)]);
    appendFileSync(join(folder, 'alerts'), `${alert(7)}\n`);
    await reader.until(() => reader.lines.length === 1);
  });

  it('loses and doubles nothing when it is rotated by renaming, whoever still writes to the old one', async () => {
    const folder = dir();
    const path = join(folder, 'alerts');
    writeFileSync(path, '');
    const reader = follow(folder);
    await reader.connected();
    let writer = await open(path, 'a');
    for (let turn = 0; turn < 20; turn++) {
      const [from, middle] = [turn * 100, turn * 100 + 60];
      await writer.appendFile(`${alerts(from, middle).join('\n')}\n`);
      renameSync(path, `${path}.${turn}`);
      writeFileSync(path, '');
      // Falco goes on until it is told to open the new one.
      await writer.appendFile(`${alerts(middle, from + 100).join('\n')}\n`);
      await writer.close();
      writer = await open(path, 'a');
      await writer.appendFile('');
      // Rotated again before it was read, its predecessor would be found only after a restart.
      await reader.until(() => reader.lines.length >= from + 100);
      // Nothing tells the order of two rotations within one tick of the kernel.
      await sleep(12);
    }
    await writer.close();
    expect(reader.lines).toEqual(alerts(0, 2_000));
    expect(reader.gaps).toEqual([]);
  });

  it('goes on where it stopped, also in what was put aside meanwhile', async () => {
    const folder = dir();
    const path = join(folder, 'alerts');
    writeFileSync(path, '');
    const first = follow(folder);
    await first.connected();
    appendFileSync(path, `${alerts(0, 10).join('\n')}\n`);
    await first.until(() => first.lines.length === 10);
    await first.stop();
    appendFileSync(path, `${alerts(10, 20).join('\n')}\n`);
    renameSync(path, `${path}.2`);
    // A clock of files goes by milliseconds; log rotation by hours.
    utimesSync(`${path}.2`, 1_000, 1_000);
    writeFileSync(`${path}.1`, `${alerts(20, 30).join('\n')}\n`);
    writeFileSync(`${path}.3.gz`, 'packed');
    writeFileSync(path, `${alerts(30, 40).join('\n')}\n`);
    const second = follow(folder);
    await second.until(() => second.lines.length === 30);
    expect(second.lines).toEqual(alerts(10, 40));
    expect(second.gaps).toEqual([]);
  });

  it('says so when what it read last is gone, and when it was cut, at once or grown again', async () => {
    const folder = dir();
    const path = join(folder, 'alerts');
    writeFileSync(path, '');
    const first = follow(folder);
    await first.connected();
    appendFileSync(path, `${alerts(0, 10).join('\n')}\n`);
    await first.until(() => first.lines.length === 10);
    truncateSync(path);
    await first.until(() => first.gaps.length === 1);
    appendFileSync(path, `${alerts(10, 12).join('\n')}\n`);
    await first.until(() => first.lines.length === 12);
    await first.stop();
    // The same file, the same length and more, and other alerts.
    truncateSync(path);
    appendFileSync(path, `${alerts(20, 40).join('\n')}\n`);
    const second = follow(folder);
    await second.until(() => second.lines.length === 20);
    expect(second.lines).toEqual(alerts(20, 40));
    expect(second.gaps).toMatchObject([{ lost: 0, reason: expect.stringMatching(/rotated away/) }]);
  });

  it('passes over a line without end, and counts it', async () => {
    const folder = dir();
    const path = join(folder, 'alerts');
    writeFileSync(path, '');
    const reader = follow(folder);
    await reader.connected();
    appendFileSync(path, 'x'.repeat(3 << 20));
    await reader.until(() => reader.gaps.length === 1);
    appendFileSync(path, `x\n${alert(1)}\n`);
    await reader.until(() => reader.lines.length === 1);
    expect(reader.gaps).toMatchObject([{ lost: 1 }]);
  });
});

describe('a pipe', () => {
  it('is made, and outlives its writers', async () => {
    const path = join(dir(), 'pipe');
    const reader = new Reader(falcoFifoSource({ ...options, path }));
    await reader.connected();
    expect(statSync(path).isFIFO()).toBe(true);
    for (let n = 0; n < 3; n++) {
      execFileSync('sh', ['-c', 'printf %s\\\\n "$1" > "$2"', 'sh', alert(n), path]);
      await reader.until(() => reader.lines.length === n + 1);
    }
    expect(reader.lines).toEqual(alerts(0, 3));
  });
});

describe('a socket of ours', () => {
  it('takes lines of several writers, each for itself, and is open to its group at most', async () => {
    const path = join(dir(), 'socket');
    const reader = new Reader(falcoUnixSource({ ...options, path }));
    await reader.connected();
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const [a, b] = [connect(path), connect(path)];
    cleanups.push(
      () => void a.destroy(),
      () => void b.destroy(),
    );
    a.write(alert(1).slice(0, 9));
    b.write(`${alert(2)}\n`);
    await reader.until(() => reader.lines.length === 1);
    a.write(`${alert(1).slice(9)}\n${alert(3)}`);
    await reader.until(() => reader.lines.length === 2);
    a.end();
    await reader.until(() => reader.lines.length === 3);
    expect(reader.lines).toEqual([alert(2), alert(1), alert(3)]);
  });

  it('takes the place of one that nobody answers at, and of no other', async () => {
    const path = join(dir(), 'socket');
    const first = new Reader(falcoUnixSource({ ...options, path }));
    await first.connected();
    const second = new Reader(falcoUnixSource({ ...options, path }));
    expect(await second.ended).toMatchObject({ code: 'unreachable' });
    await first.stop();
    const killed = spawnSync(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(path)},()=>process.kill(process.pid,'SIGKILL'))`,
    ]);
    expect(killed.signal).toBe('SIGKILL');
    const third = new Reader(falcoUnixSource({ ...options, path }));
    await third.connected();
  });
});

/** As libcurl in Falco: one connection kept open, one alert after the other, each answer waited for. */
async function post(url: string, body: string | Buffer, agent: Agent, headers = {}): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject).end(body);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('HTTP', () => {
  it('takes each alert and answers 200, over one connection', async () => {
    const url = `http://127.0.0.1:${await freePort()}/falco`;
    const reader = new Reader(falcoHttpSource({ ...options, url }));
    await reader.connected();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanups.push(() => agent.destroy());
    for (let n = 0; n < 300; n++) expect(await post(url, alert(n), agent)).toBe(200);
    expect(await post(url, `${alert(300)}\n${alert(301)}`, agent)).toBe(200);
    expect(await post(url, gzipSync(alert(302)), agent, { 'content-encoding': 'gzip' })).toBe(200);
    expect(reader.lines).toEqual(alerts(0, 303));
    expect(await post(`${url}/else`, alert(0), agent)).toBe(404);
    expect(await post(url, 'x'.repeat((1 << 20) + 1), agent)).toBe(413);
    expect(await post(url, gzipSync('x'.repeat(2 << 20)), agent, { 'content-encoding': 'gzip' })).toBe(413);
    expect(reader.gaps).toMatchObject([{ lost: 1 }, { lost: 1 }]);
    expect(reader.lines).toHaveLength(303);
  });

  it('hears over TLS only who has a certificate of its authority', async () => {
    const made = await makeCertificates();
    const url = `https://127.0.0.1:${await freePort()}/falco`;
    const { certificate, key } = made.server;
    const reader = new Reader(falcoHttpSource({ ...options, url, certificate, key, ca: made.ca }));
    await reader.connected();
    const send = (pair: { certificate: string; key: string } | undefined) =>
      new Promise<unknown>((resolve) => {
        const files = pair && { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) };
        requestTls(url, { method: 'POST', agent: false, ca: readFileSync(made.ca), ...files }, (response) =>
          response.resume().on('end', () => resolve(response.statusCode)),
        )
          .on('error', (error) => resolve(error.name))
          .end(alert(1));
      });
    expect(await send(made.client)).toBe(200);
    expect(await send(undefined)).toBe('Error');
    expect(await send(made.otherClient)).toBe('Error');
    expect(reader.lines).toEqual([alert(1)]);
  });
});

/** A message of the gRPC output in which only the rule stands, framed. */
const message = (rule: string): Buffer =>
  Buffer.concat([Buffer.from([0x22, rule.length]), Buffer.from(rule)]);

describe.each(['http2', 'grpc-js'] as const)('gRPC by %s', (transport) => {
  const read = (address: string, more = {}) =>
    new Reader(
      falcoGrpcSource({ ...options, transport, pokeMs: 5, endpoint: { called: 'Falco', address, ...more } }),
    );

  it('asks for what has come up, again and again, and names the release', async () => {
    const address = `unix:${join(dir(), 'falco.sock')}`;
    const falco = await FalcoServer.listen(address);
    cleanups.push(() => falco.stop());
    falco.alert(message('before'));
    const reader = read(address);
    await reader.until(() => reader.text.includes('before'));
    for (const rule of ['one', 'two', 'three']) {
      falco.alert(message(rule));
      await reader.until(() => reader.text.includes(rule));
    }
    expect(reader.notes[0]).toEqual({ type: 'connected', version: '0.43.1' });
    falco.end();
    expect(await reader.ended).toMatchObject({ code: 'source-ended' });
  });

  it('speaks TLS with a certificate of its own, and says what is missing', async () => {
    const made = await makeCertificates();
    const { certificate, key } = made.server;
    const credentials = ServerCredentials.createSsl(
      readFileSync(made.ca),
      [{ cert_chain: readFileSync(certificate), private_key: readFileSync(key) }],
      true,
    );
    const falco = await FalcoServer.listen('127.0.0.1:0', '0.43.1', credentials);
    cleanups.push(() => falco.stop());
    const address = `127.0.0.1:${falco.port}`;
    falco.alert(message('secret'));
    const reader = read(address, { ca: made.ca, ...made.client });
    await reader.until(() => reader.text.includes('secret'));
    expect(await read(address).ended).toMatchObject({ code: 'wrong-certificate' });
    expect(await read(address, { ca: made.ca, ...made.otherClient }).ended).toMatchObject({
      code: 'wrong-certificate',
    });
  });

  it('says that a release without it has none', async () => {
    const address = `unix:${join(dir(), 'falco.sock')}`;
    const falco = await FalcoServer.listen(address, null);
    cleanups.push(() => falco.stop());
    expect(await read(address).ended).toMatchObject({
      code: 'wrong-service',
      message: expect.stringMatching(/0\.44 and later have no gRPC output/),
    });
  });
});

it.each<[string, (path: string) => void, string]>([
  ['a pipe', (path) => execFileSync('mkfifo', [path]), 'wrong-service'],
  [
    'what everybody may write',
    (path) => {
      writeFileSync(`${path}.new`, '{}\n');
      chmodSync(`${path}.new`, 0o666);
      renameSync(`${path}.new`, path);
    },
    'no-permission',
  ],
])('a file that is waited for is not taken when %s comes in its place', async (_, make, code) => {
  const folder = dir();
  const path = join(folder, 'alerts');
  const source = falcoFileSource({ ...options, path, placeFile: join(folder, 'place'), lookMs: 1 });
  const reader = new Reader(source);
  make(path);
  expect(await reader.ended).toMatchObject({ code });
  expect(reader.text).toBe('');
});

it('says so when somebody holds all the places there are, since it may be Falco that finds none', async () => {
  const path = join(dir(), 'falco.sock');
  const reader = new Reader(falcoUnixSource({ ...options, path }));
  await reader.until(() => reader.notes.length === 2);
  const writers = Array.from({ length: 70 }, () => connect(path).on('error', () => undefined));
  cleanups.push(() => {
    for (const writer of writers) writer.destroy();
  });
  await reader.until(() => reader.notes.length > 2);
  expect(reader.notes[2]).toMatchObject({
    type: 'gap',
    lost: 1,
    reason: expect.stringMatching(/turned away/),
  });
  expect(reader.notes).toHaveLength(3);
});

describe('an address that cannot be', () => {
  const folder = dir();
  writeFileSync(join(folder, 'file'), '');
  writeFileSync(join(folder, 'open'), '');
  chmodSync(join(folder, 'open'), 0o666);
  const placeFile = join(folder, 'place');
  const file = (path: string) => falcoFileSource({ ...options, path, placeFile });
  it.each<[string, () => EventSource, string, RegExp]>([
    ['a folder that is not there', () => file(join(folder, 'no', 'file')), 'unreachable', /make it, or say/],
    ['a folder', () => file(folder), 'wrong-service', /is no file/],
    [
      'a pipe for a file',
      () => {
        execFileSync('mkfifo', [join(folder, 'pipe')]);
        return file(join(folder, 'pipe'));
      },
      'wrong-service',
      /say fifo:/,
    ],
    ['a file that everybody writes', () => file(join(folder, 'open')), 'no-permission', /chmod o-w/],
    [
      'a file for a pipe',
      () => falcoFifoSource({ ...options, path: join(folder, 'file') }),
      'wrong-service',
      /no named pipe/,
    ],
    [
      'a pipe in no folder',
      () => falcoFifoSource({ ...options, path: join(folder, 'no', 'pipe') }),
      'unreachable',
      /pipe/,
    ],
    [
      'a file for a socket',
      () => falcoUnixSource({ ...options, path: join(folder, 'file') }),
      'wrong-service',
      /no socket/,
    ],
    [
      'a socket in no folder',
      () => falcoUnixSource({ ...options, path: join(folder, 'no', 'socket') }),
      'unreachable',
      /socket/,
    ],
    [
      'a long path',
      () => falcoUnixSource({ ...options, path: `/${'x'.repeat(120)}` }),
      'bad-setting',
      /shorter/,
    ],
    ['no URL', () => falcoHttpSource({ ...options, url: 'http://' }), 'bad-setting', /must look like/],
    [
      'the whole network',
      () => falcoHttpSource({ ...options, url: 'http://0.0.0.0:1/x' }),
      'bad-setting',
      /everybody could speak/,
    ],
    [
      'TLS without certificate',
      () => falcoHttpSource({ ...options, url: 'https://127.0.0.1:1/x' }),
      'bad-setting',
      /sourceCertificate/,
    ],
    [
      'nobody there',
      () =>
        falcoGrpcSource({
          ...options,
          transport: 'http2',
          endpoint: { called: 'Falco', address: `unix:${folder}/none` },
        }),
      'unreachable',
      /Falco/,
    ],
  ])('%s is refused, with what to do', async (_name, source, code, sentence) => {
    expect(await new Reader(source()).ended).toMatchObject({
      code,
      message: expect.stringMatching(sentence),
    });
  });

  it('a port that is taken is', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const { port } = server.address() as { port: number };
    const taken = new Reader(falcoHttpSource({ ...options, url: `http://127.0.0.1:${port}/x` }));
    expect(await taken.ended).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/somebody else/),
    });
  });
});

describe('beside the stream', () => {
  async function metrics(pages: readonly string[]): Promise<{ address: string; served: () => number }> {
    let n = 0;
    const server = createServer((_, response) => response.end(pages[Math.min(n++, pages.length - 1)]));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const { port } = server.address() as { port: number };
    return { address: `http://127.0.0.1:${port}/metrics`, served: () => n };
  }
  const page = (drops: number, queue: number, matches: number) =>
    [
      `falcosecurity_scap_n_drops_total ${drops}`,
      `falcosecurity_falco_outputs_queue_num_drops_total ${queue}`,
      `falcosecurity_falco_rules_matches_total{priority="5",rule_name="a"} ${matches}`,
      `falcosecurity_falco_rules_matches_total{priority="5",rule_name="b"} 0`,
      '',
    ].join('\n');
  const reasons = { kernel: 'kernel', queue: 'queue' };

  it('tells what Falco dropped, and what it gave and never came', async () => {
    const { address } = await metrics([page(5, 1, 100), page(7, 1, 100), page(7, 4, 113)]);
    const path = join(dir(), 'socket');
    // Of 13 alerts Falco itself let go of 3; 4 of the others came.
    const counters = { address, isAsked: true, received: () => 4, reasons, everyMs: 1 };
    let received = 0;
    const reader = new Reader(
      falcoUnixSource({ ...options, path, counters: { ...counters, received: () => received } }),
    );
    await reader.until(() => reader.gaps.length === 2);
    received = 4;
    await reader.until(() => reader.gaps.length === 3);
    expect(reader.gaps.map(({ lost, reason }) => [lost, reason])).toEqual([
      [2, 'kernel'],
      [3, 'queue'],
      [6, expect.stringMatching(/another reader of its gRPC output/)],
    ]);
  });

  it('says that Falco is silent, once', async () => {
    const path = join(dir(), 'socket');
    const reader = new Reader(falcoUnixSource({ ...options, path, silentMs: 5 }));
    await reader.connected();
    while (logged.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(logged).toEqual([expect.stringMatching(/Falco says nothing; look whether it runs/)]);
  });
});
