import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectNode } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerFields,
  goaway,
  headers,
  message,
  ping,
  reset,
  settings,
  settingsAck,
  splitHeaders,
  trailers,
  windowUpdate,
} from '../../../test/fakes/http2-script.ts';
import { ScriptedServer } from '../../../test/fakes/scripted-server.ts';
import { connectGrpc, type GrpcTransport } from './connect.ts';

/**
 * The client of our own beside the two that others wrote: the same bytes of a server, whole, mixed, cut and broken, must
 * give the same data and the same end, or an error; never a hang.
 */

let dir: string;
let server: ScriptedServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-h2-'));
  server = await ScriptedServer.listen(join(dir, 'sock'));
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

interface Outcome {
  readonly payload: Buffer;
  /** Of gRPC; undefined: it did not come to one. */
  readonly status: number | undefined;
  readonly why?: string;
}

async function through(transport: GrpcTransport): Promise<Outcome> {
  const parts: Buffer[] = [];
  const endpoint = { called: 'It', address: `unix:${server.path}` };
  const connection = await connectGrpc(endpoint, transport);
  try {
    const end = await connection.stream('/a.B/C', new Uint8Array(), (bytes) => parts.push(Buffer.from(bytes)))
      .ended;
    return { payload: Buffer.concat(parts), status: end.status, why: end.error.message };
  } finally {
    connection.close();
  }
}

/** Node's own HTTP/2, as the server's makers would read themselves. */
function throughNode(patienceMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let status: number | undefined;
    const session = connectNode('http://localhost', {
      createConnection: () => connect(server.path),
      settings: { enablePush: false, headerTableSize: 0, initialWindowSize: 1 << 24 },
    });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/a.B/C',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let isGrpc = false;
    stream.on('response', (fields) => {
      const type = String(fields['content-type']).toLowerCase();
      isGrpc = fields[':status'] === 200 && type.startsWith('application/grpc');
    });
    stream.on('trailers', (fields) => {
      if (isGrpc && /^\d{1,3}$/.test(String(fields['grpc-status']))) status = Number(fields['grpc-status']);
    });
    stream.on('data', (bytes: Buffer) => parts.push(bytes));
    stream.on('error', () => undefined);
    const done = () => {
      session.destroy();
      resolve({ payload: Buffer.concat(parts), status });
    };
    stream.on('close', done);
    // There are broken answers after which it never ends; what it has read by then counts.
    const patience = setTimeout(done, patienceMs);
    stream.on('close', () => clearTimeout(patience));
    session.on('error', () => undefined);
    stream.end();
  });
}

/** Numbers that look random and are the same each time (mulberry32). */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Draw = (below: number) => number;

const greeting = Buffer.concat([settings([3, 100], [4, 65_535]), windowUpdate(1 << 20)]);

/** A whole answer as a server may write it. */
function answer(draw: Draw): Buffer[] {
  const fields = [...answerFields, ['x-padding', 'y'.repeat(draw(300))] as const];
  const begin = draw(3) === 0 ? splitHeaders(fields, [1 + draw(5), 6 + draw(30)]) : headers(fields);
  const frames = [settingsAck, begin];
  for (let i = draw(12); i > 0; i--) {
    const bytes = Buffer.alloc(draw(8) === 0 ? draw(60_000) : draw(900), i);
    frames.push(message(bytes, draw(4) === 0 ? { pad: draw(256) } : {}));
    frames.push(...between(draw));
  }
  frames.push(ending(draw));
  return frames;
}

function between(draw: Draw): Buffer[] {
  switch (draw(8)) {
    case 0:
      return [ping()];
    case 1:
      return [windowUpdate(1 + draw(1000)), ping('abcdefgh')];
    case 2:
      return [settings([4, 70_000 + draw(1000)])];
    case 3:
      return [goaway(0)];
    default:
      return [];
  }
}

function ending(draw: Draw): Buffer {
  switch (draw(6)) {
    case 0:
      return reset(draw(14));
    case 1:
      return Buffer.alloc(0);
    default:
      return trailers(draw(17), 'why%20not');
  }
}

function cut(bytes: Buffer, draw: Draw): Buffer[] {
  const pieces: Buffer[] = [];
  const most = [3, 50, 5_000, 1 << 20][draw(4)] ?? 1;
  // At most some hundred turns of the loop each.
  const least = Math.ceil(bytes.length / 300);
  for (let at = 0; at < bytes.length; ) {
    const to = at + Math.max(least, 1 + draw(most));
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}

function broken(bytes: Buffer, draw: Draw): Buffer {
  const at = draw(bytes.length);
  switch (draw(5)) {
    case 0: {
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ (1 << draw(8));
      return other;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + draw(40))]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 40))]);
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length: 20 }, () => draw(256))),
        bytes.subarray(at),
      ]);
  }
}

/** More of them in the long run. */
const isLong = process.env.WHORL_TEST_LONG === '1';
const runs = isLong ? 3_000 : 120;
const patience = isLong ? 900_000 : 60_000;

describe('the transports', () => {
  it('agree on every answer that is whole, however it is cut and mixed', { timeout: patience }, async () => {
    for (let seed = 1; seed <= runs; seed++) {
      const draw = draws(seed);
      const frames = answer(draw);
      server.script = { greeting, pieces: cut(Buffer.concat(frames), draw) };
      const [own, grpcJs, node] = await Promise.all([
        through('http2'),
        through('grpc-js'),
        throughNode(10_000),
      ]);
      // Who is reset may throw away what it had not handed on yet.
      expect(
        own.payload.subarray(0, node.payload.length).equals(node.payload),
        `data of seed ${seed} as Node reads it`,
      ).toBe(true);
      expect(
        own.payload.subarray(0, grpcJs.payload.length).equals(grpcJs.payload),
        `data of seed ${seed} as grpc-js reads it`,
      ).toBe(true);
      if (node.status !== undefined) {
        expect([own.status, own.payload.length], `end of seed ${seed}: ${own.why}`).toEqual([
          node.status,
          node.payload.length,
        ]);
        expect([own.status, own.payload.length], `end of seed ${seed}: ${own.why}`).toEqual([
          grpcJs.status,
          grpcJs.payload.length,
        ]);
      } else expect(own.status, `status of seed ${seed}`).toBeGreaterThan(0);
    }
  });

  it('never differ in data where an answer is broken, and always end', { timeout: patience }, async () => {
    for (let seed = 1; seed <= runs; seed++) {
      const draw = draws(seed + 1_000_000);
      const bytes = broken(Buffer.concat(answer(draw)), draw);
      server.script = { greeting, pieces: cut(bytes, draw) };
      const [own, node] = await Promise.all([through('http2'), throughNode(200)]);
      const shared = Math.min(own.payload.length, node.payload.length);
      expect(
        own.payload.subarray(0, shared).equals(node.payload.subarray(0, shared)),
        `data of seed ${seed}`,
      ).toBe(true);
      // What another accepts as whole, so do we.
      if (node.status === undefined) continue;
      expect(own.status, `status of seed ${seed}: ${own.why}`).toBe(node.status);
      expect(own.payload.length, `length of seed ${seed}`).toBe(node.payload.length);
    }
  });
});
