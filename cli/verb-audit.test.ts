import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicPem } from '../fingerprint/keys.ts';
import { AuditWorld } from '../test/fakes/audit-world.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { stranger } from '../test/fakes/trust.ts';
import { main } from './main.ts';

const world = new AuditWorld();
let log: string;
let since: string;
let proof: string;
let early: string;
let late: string;
let before: string;
beforeAll(async () => {
  await world.start();
  await world.record(2);
  await world.export();
  await world.record(3);
  await world.export();
  world.now += 60_000;
  await world.record(7);
  log = await world.export();
  since = await world.export(world.now);
  proof = (await world.audit.prove(3)) ?? '';
  [before = '', early = '', late = ''] = world.sink.notes;
});
afterAll(() => world.remove());

async function audit(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const io = fakeIo({
    'audit.pub': readFileSync(world.publicKeyFile, 'utf8'),
    'other.pub': publicPem(stranger.publicKey),
    ...files,
  });
  await main(['audit', ...args], io);
  return { code: io.exitCode, out: io.stdout.join('\n'), err: io.stderr.join('\n'), files: io.files };
}
const verify = (content: string, ...args: readonly string[]) =>
  audit(
    {
      'log.jsonl': content,
      'early.txt': early,
      'late.txt': late,
      'before.txt': before,
      'all.txt': `${early}\n${late}\n`,
    },
    'verify',
    'log.jsonl',
    ...args,
  );
const withHeader = (change: (header: Record<string, unknown>) => object) => {
  const [first = '', ...rest] = log.split('\n');
  return [JSON.stringify(change(JSON.parse(first))), ...rest].join('\n');
};

describe('audit verify', () => {
  it('says that a log is whole, and who was not asked', async () => {
    expect(await verify(log, '--key', 'audit.pub', '--checkpoint', 'all.txt')).toMatchObject({
      code: 0,
      out: 'whole 12 entries; 3 checkpoints fit',
      err: '',
    });
    expect(await verify(log)).toMatchObject({
      code: 0,
      err: expect.stringMatching(/who signed it was not checked/),
    });
  });

  it('verifies the end of a log without its beginning', async () => {
    const said = await verify(since, '--key', 'audit.pub', '--checkpoint', 'late.txt');
    expect(said).toMatchObject({ code: 0, out: 'whole 12 entries, from entry 5 on; 2 checkpoints fit' });
    expect(since.split('\n')).toHaveLength(1 + 7 + 1);
  });

  it('verifies a proof', async () => {
    expect(await verify(proof, '--key', 'audit.pub')).toMatchObject({
      code: 0,
      out: 'whole entry 3 is in the log of 12 entries',
    });
    expect(await verify(proof.replace('it was us', 'it was he'), '--key', 'audit.pub')).toMatchObject({
      code: 3,
    });
  });

  it('answers in JSON', async () => {
    const { code, out } = await verify(log.replace('"n":3', '"n":9'), '--json');
    expect([code, JSON.parse(out)]).toMatchObject([
      3,
      { ok: false, size: 12, problems: [{ code: 'entry', seq: 8 }] },
    ]);
  });

  it.each<[string, () => string, readonly string[], RegExp]>([
    [
      'an entry that was changed',
      () => log.replace('"n":3', '"n":9'),
      [],
      /entry 8 is not what was put on record/,
    ],
    [
      'an entry that was added',
      () => `${log}${log.split('\n')[12]}\n`,
      [],
      /entry 11 stands where entry 12 belongs/,
    ],
    [
      'an end that nobody signed',
      () => withHeader((h) => ({ ...h, checkpoint: early })),
      [],
      /the last checkpoint that fits is over 5, and nothing speaks for its 12 entries/,
    ],
    [
      'no checkpoint at all',
      () => withHeader((h) => ({ ...h, checkpoint: '' })),
      [],
      /no checkpoint speaks for/,
    ],
    ['another key', () => log, ['--key', 'other.pub'], /was made with another key/],
    [
      'a checkpoint from before its first entry',
      () => since,
      ['--checkpoint', 'before.txt'],
      /begins with entry 5: export it/,
    ],
    [
      'a line that is another in another reader',
      () => log.replace('{"entry"', '{ "entry"'),
      [],
      /log.jsonl:2: is not in the one form/,
    ],
  ])('leaves with 3 over %s', async (_what, content, args, sentence) => {
    const said = await verify(content(), ...args);
    expect(said).toMatchObject({ code: 3, err: expect.stringMatching(sentence) });
  });

  it('leaves with 3 over a checkpoint of a longer log', async () => {
    await world.record(1);
    await world.export();
    const said = await audit(
      { log, 'next.txt': world.sink.notes.at(-1) ?? '' },
      'verify',
      'log',
      '--checkpoint',
      'next.txt',
    );
    expect(said).toMatchObject({
      code: 3,
      err: expect.stringMatching(/signed over 13 entries, and the export has 12/),
    });
  });

  it('leaves with 2 over what is no export and what is no checkpoint', async () => {
    expect(await verify('{}\n')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/log.jsonl:1 at size/),
    });
    expect(await verify(log, '--checkpoint', 'audit.pub')).toMatchObject({ code: 2 });
  });
});

describe('audit export, prove and accept-fork', () => {
  const dir = mkdtempSync(join(tmpdir(), 'whorl-audit-cli-'));
  const asked: string[] = [];
  const at = Date.UTC(2026, 4, 1, 8);
  const listed = [
    { seq: 3, at, type: 'login', author: 'ada\u001b', about: 'incident-1', entry: { reason: 'it was us' } },
    { seq: 2, at, type: 'login', author: '' },
  ];
  let server: Server;
  beforeAll(async () => {
    mkdirSync(join(dir, 'collector'));
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url?.startsWith('/api/v1/audit/export')) response.end(log);
      else if (request.url === '/api/v1/audit/proofs/3') response.end(proof);
      else if (request.url?.startsWith('/api/v1/audit?')) response.end(JSON.stringify({ items: listed }));
      else if (request.method === 'POST') request.pipe(response);
      else response.writeHead(404).end('{"detail":"there is no such entry\\u001b"}');
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'collector', 'collector.sock'), resolve));
  });
  afterAll(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });
  const ask = (...args: readonly string[]) => audit({}, ...args, '--data-dir', dir);

  it('export writes the log to stdout or a file', async () => {
    expect((await ask('export')).out).toBe(log.trimEnd());
    const said = await ask('export', '--since', '2026-05-01T08:01:00Z', '--out', 'x.jsonl');
    expect(Buffer.from(said.files.get('x.jsonl') ?? []).toString()).toBe(log);
    expect(asked.at(-1)).toBe('GET /api/v1/audit/export?since=1777622460000');
  });

  it('prove hands on what proves, and nothing else', async () => {
    expect(await ask('prove', '3', '--key', 'audit.pub')).toMatchObject({ code: 0, out: proof });
    expect(await ask('prove', '3', '--key', 'other.pub')).toMatchObject({ code: 3, out: '' });
    expect(await ask('prove', '4')).toMatchObject({
      code: 2,
      err: 'whorl: the collector refused: there is no such entry\\x1b',
    });
    expect(await ask('prove', 'x')).toMatchObject({ code: 2 });
  });

  it('accept-fork needs a reason and hands it on', async () => {
    expect(await ask('accept-fork')).toMatchObject({ code: 2 });
    expect(await ask('accept-fork', '--reason', 'restored')).toMatchObject({ code: 0 });
    expect(asked.at(-1)).toBe('POST /api/v1/audit/accept-fork');
  });

  it('tells a person at a terminal how far an export is, and nobody else', async () => {
    let now = 0;
    const run = async (isTTY: boolean) => {
      const io = fakeIo({}, { isTTY, now: () => (now += 3_000) });
      await main(['audit', 'export', '--out', 'x.jsonl', '--data-dir', dir], io);
      expect(Buffer.from(io.files.get('x.jsonl') ?? []).toString()).toBe(log);
      return io.stderr.join('\n');
    };
    expect(await run(true)).toMatch(/^12 entries of 12\ncheck it/);
    expect(await run(false)).toMatch(/^check it/);
  });

  it('list shows who did what and why, and hands filters on', async () => {
    const said = await ask('list', '--type', 'login', '--since', '2026-05-01T08:00:00Z', '--limit', '5');
    expect(said.out.split('\n')).toEqual([
      '     3 2026-05-01T08:00:00Z login ada\\x1b incident-1: it was us',
      '     2 2026-05-01T08:00:00Z login erased; its hash is kept',
    ]);
    expect(asked.at(-1)).toBe('GET /api/v1/audit?since=1777622400000&type=login&limit=5');
    expect(await ask('list', '--type', 'party')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--type may be order, receipt/),
    });
    expect(await ask('list', '--limit', 'all')).toMatchObject({ code: 2 });
  });

  it('says when no collector runs there', async () => {
    const said = await audit({}, 'export', '--data-dir', join(dir, 'nowhere'));
    expect(said).toMatchObject({ code: 5, err: expect.stringMatching(/no collector runs/) });
  });
});
