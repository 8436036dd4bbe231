import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { parseCollectorConfig } from '../../collector/config.ts';
import { main } from '../../collector/main.ts';

/** A collector of today serves the agents of the release before, as they were recorded (test/fixtures/wire/README.md). */
const folder = 'test/fixtures/wire/v1';
const recorded: { readonly records: number; readonly messages: readonly string[] } = JSON.parse(
  readFileSync(`${folder}/stream.json`, 'utf8'),
);
const messages = recorded.messages.map((text) => Buffer.from(text, 'base64'));
const root = new protobuf.Root();
protobuf.parse(readFileSync(`${folder}/whorl.proto`, 'utf8'), root, { keepCase: true });
const fromCollector = root.lookupType('whorl.v1.CollectorMessage');
const fromAgent = root.lookupType('whorl.v1.AgentMessage');

interface Answer {
  readonly body?: string;
  readonly welcome?: { readonly protocol_version: number; readonly stored_seq: number };
  readonly ack?: { readonly seq: number };
  readonly refused?: { readonly code: string; readonly sentence: string };
}

let dir: string;
let ending: AbortController;
let running: Promise<void>;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-wire-'));
  ending = new AbortController();
  const config = parseCollectorConfig({
    dataDir: dir,
    listen: `unix:${join(dir, 's')}`,
    insecureLoopback: true,
    httpListen: '',
    metricsListen: '',
    eventsJson: true,
    logLevel: 'error',
  });
  await new Promise<void>((resolve, reject) => {
    const out = (line: string) => (line.includes('collector-ready') ? resolve() : undefined);
    running = main(config, { out, signal: ending.signal, version: 'test' });
    running.catch(reject);
  });
});
afterEach(async () => {
  ending.abort();
  await running;
  rmSync(dir, { recursive: true });
});

/** Plays raw messages, each batch after the one before was answered. @returns what came back, read with the old file */
async function play(sent: readonly Uint8Array[], isDone: (answers: readonly Answer[]) => boolean) {
  const client = new Client(`unix:${join(dir, 's')}`, credentials.createInsecure());
  const call = client.makeBidiStreamRequest<Uint8Array, Answer>(
    '/whorl.v1.Collector/Connect',
    (bytes) => Buffer.from(bytes),
    (bytes) =>
      fromCollector.toObject(fromCollector.decode(bytes), { longs: Number, oneofs: true, defaults: true }),
  );
  const answers: Answer[] = [];
  let details = '';
  const ended = new Promise<void>((resolve) => {
    const left = [...sent];
    const next = () => {
      const message = left.shift();
      if (message !== undefined) call.write(message);
      if (left.length === 0 && isDone(answers)) resolve();
    };
    call.on('data', (message: Answer) => {
      answers.push(message);
      next();
    });
    call.on('error', (error) => {
      details = error.message;
      resolve();
    });
    call.on('end', resolve);
    next();
  });
  await ended;
  call.cancel();
  client.close();
  return { answers, details };
}

describe('an agent of protocol version 1', () => {
  it('is welcomed in its own version, and all that it sends is stored', async () => {
    const [hello = Buffer.of(), batch = Buffer.of(), beat = Buffer.of()] = messages;
    const { answers } = await play([hello, batch], (all) =>
      all.some(({ ack }) => ack?.seq === recorded.records),
    );
    expect(answers[0]).toMatchObject({ body: 'welcome', welcome: { protocol_version: 1, stored_seq: 0 } });
    // Its own reader ends the stream over anything else.
    const known = ['welcome', 'ack', 'fingerprint', 'order', 'refused'];
    expect(answers.filter(({ body = '' }) => !known.includes(body))).toEqual([]);

    const again = await play([hello, beat], ([first]) => first !== undefined);
    expect(again.answers[0]).toMatchObject({ welcome: { stored_seq: recorded.records } });

    ending.abort();
    await running;
    const store = await SqliteStore.open(join(dir, 'collector', 'whorl.db'));
    try {
      expect(await store.agents()).toMatchObject([{ stored: recorded.records, missing: 0, refused: 0 }]);
      expect(await store.occurrences({ limit: 9 })).toMatchObject([
        { incident: { more: 7 }, receipts: [{ order: 'order-1' }] },
      ]);
      expect(await store.workloads()).toMatchObject([{ instances: 2, running: 1, novelties: 2 }]);
    } finally {
      await store.close();
    }
  });
});

describe('an agent of another version', () => {
  it.each([
    [3, /agent speaks version 3 .* collector versions 1 and 2; update the collector/],
    [0, /version 0 .* install a newer release/],
  ])('%i is refused in a sentence that names both', async (protocol_version, sentence) => {
    const hello = {
      ...fromAgent.toObject(fromAgent.decode(messages[0] ?? Buffer.of()), { longs: Number }).hello,
    };
    const message = fromAgent
      .encode(fromAgent.fromObject({ hello: { ...hello, protocol_version } }))
      .finish();
    const { answers } = await play([message], () => false);
    expect(answers).toMatchObject([{ refused: { code: 'protocol-version' } }]);
    expect(answers[0]?.refused?.sentence).toMatch(sentence);
  });
});

describe('a batch of 100 MB', () => {
  it('ends its own stream with a sentence and nothing else', async () => {
    const [hello = Buffer.of(), batch = Buffer.of()] = messages;
    const json = Buffer.alloc(100 << 20);
    const huge = fromAgent
      .encode(fromAgent.create({ batch: { records: [{ seq: 1, kind: 'gap', json }] } }))
      .finish();
    expect((await play([hello, huge], () => false)).details).toMatch(/larger than max/);
    const { answers } = await play([hello, batch], (all) =>
      all.some(({ ack }) => ack?.seq === recorded.records),
    );
    expect(answers.at(-1)).toMatchObject({ ack: { seq: recorded.records } });
  });
});
