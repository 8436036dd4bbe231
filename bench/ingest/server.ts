import { createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { fleet } from './fleet.ts';
import { framesOf, Mixture } from './mixture.ts';
import type { Asked, Served, ServerSetup } from './protocol.ts';
import { ServedClient } from './tracee-wire.ts';

/**
 * A Tracee that costs next to nothing, as a process: `node server.ts SETUP`, orders and answers over IPC. Its messages are
 * made beforehand; clients are numbered as they come.
 */
const setup: ServerSetup = JSON.parse(process.argv[2] ?? '');
const frames = fleet(setup.size, setup.real.startedAt).map((copy) => framesOf(copy, setup.fields));
const mixtures = new Map<ServedClient, Mixture>();
const clients: ServedClient[] = [];
/** What a frame may be at most, with room for the longest path. */
const maxFrame = 2_048;
/** Half of what HTTP/2 lets be under way at first: a client that never asks for more is served too. */
const chunkBytes = 32_768;
/** Twenty of a copy in a hundredth of a second. */
const newPerSecond = Math.min(20_000, 1_500 * setup.size.copies);
let handedOver = 0;

const offset = Date.now() * 1000 - performance.now() * 1000;
const now = (): number => Math.round(performance.now() * 1000 + offset);

const version = Buffer.concat([Buffer.of(10, setup.version.length), Buffer.from(setup.version)]);

function answer(path: string): Uint8Array | undefined {
  if (path.endsWith('/GetVersion')) return version;
  if (!path.endsWith('/GetMetrics')) return undefined;
  const events = [8];
  let rest = handedOver;
  for (; rest >= 128; rest = Math.floor(rest / 128)) events.push((rest % 128) | 0x80);
  return Uint8Array.from([...events, rest]);
}

createServer((socket) => {
  const client = new ServedClient(socket, answer);
  clients.push(client);
  mixtures.set(client, new Mixture(frames, setup.shares));
  socket.on('close', () => clients.splice(clients.indexOf(client), 1));
}).listen(setup.socket, () => process.send?.({ ready: true }));

process.on('disconnect', () => process.exit());
process.on('message', (asked: Asked) => {
  void serve(asked).then((served) => process.send?.(served));
});

async function serve(asked: Asked): Promise<Served> {
  const client = await streaming();
  const mixture = mixtures.get(client);
  if (mixture === undefined) throw new Error('a client without its mixture');
  const stalls = client.stalls;
  const sent = await play(asked, client, mixture);
  handedOver += sent;
  await client.ping();
  return { sent, stalls: client.stalls - stalls };
}

/** The newest client that asked for events. */
async function streaming(): Promise<ServedClient> {
  for (;;) {
    const found = clients.findLast((client) => client.isStreaming);
    if (found !== undefined) return found;
    await setImmediate();
  }
}

async function play(asked: Asked, client: ServedClient, mixture: Mixture): Promise<number> {
  switch (asked.do) {
    case 'begin':
      return await inTurn(client, mixture.beginning(setup.real, now));
    case 'again':
      return await inTurn(client, mixture.again(now));
    case 'flood':
      return await flood(client, mixture, asked.events);
    case 'rate':
      return await atRate(client, mixture, asked);
  }
}

/** Copy by copy in turn, and no faster than an agent has time for: what is new it may let go when it has none left. */
async function inTurn(client: ServedClient, all: Iterable<Uint8Array>): Promise<number> {
  const start = performance.now();
  let sent = 0;
  for (const message of all) {
    sent += await put(client, Buffer.from(message));
    while (sent > ((performance.now() - start) / 1000) * newPerSecond) await setImmediate();
  }
  return sent;
}

async function flood(client: ServedClient, mixture: Mixture, events: number): Promise<number> {
  for (let left = events; left > 0; ) left -= await some(client, mixture, left);
  return events;
}

async function atRate(
  client: ServedClient,
  mixture: Mixture,
  { perSecond, seconds, strangePerSecond }: Extract<Asked, { do: 'rate' }>,
): Promise<number> {
  const start = performance.now();
  let sent = 0;
  let strange = 0;
  for (;;) {
    const passed = (performance.now() - start) / 1000;
    if (passed >= seconds) return sent;
    if (strange < passed * strangePerSecond) {
      sent += await put(client, Buffer.from(mixture.strange(strange, now())));
      strange += 1;
    }
    const due = Math.floor(passed * perSecond) - sent;
    if (due > 0) sent += await some(client, mixture, due);
    await setImmediate();
  }
}

/** As many as go into one write, and no more than that. */
async function some(client: ServedClient, mixture: Mixture, most: number): Promise<number> {
  const bytes = Buffer.allocUnsafe(Math.min(chunkBytes, most * maxFrame));
  const starts: number[] = [];
  const time = now();
  let at = 0;
  while (starts.length < most && at + maxFrame <= bytes.length) {
    starts.push(at);
    at = mixture.next(bytes, at, time);
  }
  await client.send(bytes.subarray(0, at), starts);
  return starts.length;
}

/** Whole frames, however many. */
async function put(client: ServedClient, bytes: Buffer): Promise<number> {
  let sent = 0;
  for (let from = 0; from < bytes.length; ) {
    const starts: number[] = [];
    let at = from;
    while (at < bytes.length && at - from < chunkBytes - maxFrame) {
      starts.push(at - from);
      at += 9 + bytes.readUIntBE(at, 3);
    }
    await client.send(bytes.subarray(from, at), starts);
    sent += starts.length;
    from = at;
  }
  return sent;
}
