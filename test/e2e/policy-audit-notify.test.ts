import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { Outbox } from '../../agent/outbox.ts';
import { Child } from '../fakes/children.ts';
import { enrolled } from '../fakes/enrolled.ts';
import { anIncident, anInstance } from '../fakes/reports.ts';
import { type WebhookReceiver, webhookReceiver } from '../fakes/webhook-receiver.ts';

/** A collector over TLS, administered with a token alone, with a webhook on loopback and an agent that has news. */
const dir = mkdtempSync(join(tmpdir(), 'whorl-rest-'));
const secret = `whsec_${randomBytes(32).toString('base64')}`;
let receiver: WebhookReceiver;
let child: Child;
let ready: { address: string; apiAddress: string; bootstrapFile: string; caFile: string };

beforeAll(async () => {
  receiver = await webhookReceiver();
  const secretFile = join(dir, 'secret');
  writeFileSync(secretFile, secret, { mode: 0o600 });
  const hook = { name: 'hook', type: 'webhook', url: receiver.url, secretFile, allowPrivate: true };
  child = new Child(new URL('../fakes/collector-process.ts', import.meta.url), {
    dataDir: join(dir, 'collector'),
    listen: '127.0.0.1:0',
    httpListen: '127.0.0.1:0',
    eventsJson: true,
    notify: [hook],
  });
  ready = (await child.line((line) => line.type === 'collector-ready')) as unknown as typeof ready;
  const login = [
    'login',
    `https://${ready.apiAddress}`,
    '--ca',
    ready.caFile,
    '--token-file',
    '-',
    '--name',
    'ada',
  ];
  expect(await whorl(login, readFileSync(ready.bootstrapFile, 'utf8'))).toMatchObject({ code: 0 });
});
afterAll(async () => {
  child.kill('SIGTERM');
  await child.ended();
  await receiver[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function whorl(args: readonly string[], input = ''): Promise<Ran> {
  const main = new URL('../../cli/main.ts', import.meta.url).pathname;
  const home = { HOME: dir, XDG_CONFIG_HOME: join(dir, 'config'), XDG_DATA_HOME: join(dir, 'nothing') };
  return new Promise((resolve) => {
    const ran = execFile(
      process.execPath,
      [main, ...args],
      { env: { PATH: process.env.PATH, ...home } },
      (_error, out, err) => resolve({ code: ran.exitCode ?? -1, out, err }),
    );
    ran.stdin?.end(input);
  });
}

const file = (name: string, content: string): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};

describe('a response policy', () => {
  const path = () => file('policy.yaml', 'version: 1\nmode: freeze\nrules: []\n');

  it('is shown before it is set, set over TLS with a token, and on record with who and why', async () => {
    const dry = await whorl(['policy', 'set', path(), '--reason', 'CHG-1', '--dry-run']);
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('~ mode: alert → freeze')]);
    const set = await whorl(['policy', 'set', path(), '--reason', 'CHG-1']);
    expect([set.code, set.out]).toEqual([0, expect.stringContaining('version 1 of the response policy')]);
    expect(set.err).toContain('~ mode: alert → freeze');
    const again = await whorl(['policy', 'set', path(), '--reason', 'CHG-1']);
    expect([again.code, again.err]).toEqual([0, expect.stringContaining('says the same already')]);
    const listed = await whorl(['audit', 'list', '--type', 'policy-changed']);
    expect(listed.out).toMatch(/policy-changed ada response policy 1: CHG-1\n$/);
  });

  it('is taken back, and every version is told', async () => {
    expect((await whorl(['policy', 'mode', 'kill', '--reason', 'CHG-2'])).out).toContain('version 2');
    expect((await whorl(['policy', 'again', '1', '--reason', 'back'])).out).toContain('version 3');
    const { out } = await whorl(['policy', 'history']);
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^ +3 .* freeze, 0 rules; ada: back$/),
      expect.stringMatching(/^ +2 .* kill, 0 rules; ada: CHG-2$/),
      expect.stringMatching(/^ +1 .* freeze, 0 rules; ada: CHG-1$/),
    ]);
    const shown = await whorl(['policy', 'show']);
    expect(shown.out).toContain('mode: freeze');
    expect(shown.err).toContain('by ada: back');
  });
});

describe('the audit log', () => {
  it('is exported and verified; one flipped byte is seen', async () => {
    const log = join(dir, 'log.jsonl');
    expect(await whorl(['audit', 'export', '--out', log])).toMatchObject({ code: 0 });
    const key = join(dir, 'collector', 'collector', 'audit.pub');
    const verify = () => whorl(['audit', 'verify', log, '--key', key]);
    expect(await verify()).toMatchObject({ code: 0, out: expect.stringMatching(/^whole \d+ entries/) });
    const bytes = readFileSync(log);
    const at = bytes.indexOf('CHG-1');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(log, bytes);
    expect(await verify()).toMatchObject({
      code: 3,
      err: expect.stringMatching(/is not what was put on record/),
    });
  });

  it('proves one entry', async () => {
    const proof = join(dir, 'proof.json');
    const key = join(dir, 'collector', 'collector', 'audit.pub');
    expect(await whorl(['audit', 'prove', '0', '--key', key, '--out', proof])).toMatchObject({ code: 0 });
    expect(await whorl(['audit', 'verify', proof, '--key', key])).toMatchObject({ code: 0 });
  });

  it('that is what it was has no fork to accept', async () => {
    const said = await whorl(['audit', 'accept-fork', '--reason', 'x']);
    expect(said).toMatchObject({ code: 2, err: expect.stringMatching(/nothing to accept/) });
  });
});

describe('a webhook', () => {
  /** Types of what came about incidents and tests, each with a signature that holds. */
  const told = () =>
    receiver.received
      .map(({ body, headers }) => new Webhook(secret).verify(body, { ...headers } as Record<string, string>))
      .map((notice) => String(Reflect.get(Object(notice), 'type')))
      .filter((type) => type.startsWith('incident.') || type === 'whorl.test');
  const untilTold = async (type: string) => {
    while (!told().includes(type)) await receiver.have(receiver.received.length + 1);
  };

  it('is told once of what twenty copies do, with a signature that others verify', async () => {
    const agent = await anAgent();
    const copies = Array.from({ length: 20 }, (_, n) => `shop-${n}`);
    for (const copy of copies) agent.put(anInstance(copy));
    for (const [n, copy] of copies.entries())
      agent.put({
        type: 'incident',
        incident: anIncident({
          id: n.toString(16).padStart(64, '0'),
          instance: { id: copy, node: 'node-1', startedAt: 5 },
          last: Date.now() * 1000,
        }),
      });
    await untilTold('incident.opened');
    await agent.drained();
    // Whatever is told after it comes behind a second notice of the twenty, were there one.
    expect(await whorl(['notify', 'test', 'hook'])).toMatchObject({ code: 0 });
    await untilTold('whorl.test');
    expect(told()).toEqual(['incident.opened', 'whorl.test']);
    await agent.end();
  });

  it('is paused by a person, which status tells, and resumed', async () => {
    await whorl(['notify', 'pause', 'hook', '--reason', 'the chat moves']);
    expect((await whorl(['notify', 'list'])).out).toContain('ada: the chat moves');
    expect((await whorl(['status'])).out).toContain('notify     hook is paused by ada (the chat moves)');
    expect(await whorl(['notify', 'resume', 'hook', '--reason', 'moved'])).toMatchObject({ code: 0 });
    expect((await whorl(['status'])).out).not.toContain('notify ');
    expect((await whorl(['notify', 'test', 'nobody'])).err).toContain('no sink has this name');
  });
});

/** The real spool, outbox and uplink of an agent, without anything that it watches. */
async function anAgent() {
  const spool = await SegmentSpool.open({ dir: join(dir, 'spool') });
  const uplink = new GrpcUplink({
    address: ready.address,
    identity: enrolled(ready.caFile),
    agent: '1'.repeat(32),
    node: 'node-1',
    cluster: 'local',
    session: '2'.repeat(32),
    version: 'test',
    source: 'fake',
    coverage: ['exec'],
    random: () => 0,
  });
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const outbox = new Outbox({ spool, uplink, counters: new Counters(), log: silent });
  const ending = new AbortController();
  let acked: () => void = () => undefined;
  const running = uplink.run(
    {
      onWelcome: () => undefined,
      onAck: (seq) => {
        outbox.acked(seq);
        acked();
      },
      onFingerprint: () => undefined,
      onOrder: () => undefined,
      onLease: () => undefined,
      onState: (state) => (state === 'connected' ? outbox.connected() : outbox.disconnected()),
    },
    ending.signal,
  );
  return {
    put: (report: Parameters<Outbox['put']>[0]) => void outbox.put(report),
    drained: async () => {
      while (spool.stats().records > 0)
        await new Promise<void>((resolve) => {
          acked = resolve;
        });
    },
    end: async () => {
      ending.abort();
      await running;
      await spool.close();
    },
  };
}
