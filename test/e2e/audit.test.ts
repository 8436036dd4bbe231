import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../../cli/control-client.ts';
import { main } from '../../cli/main.ts';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { parseCollectorConfig } from '../../collector/config.ts';
import { main as collect } from '../../collector/main.ts';
import { splitNotes, verifyCheckpoint } from '../../fingerprint/checkpoint.ts';
import { parsePublicPem } from '../../fingerprint/keys.ts';
import { AuditWorld, rewrite } from '../fakes/audit-world.ts';
import { fakeIo } from '../fakes/io.ts';

/** Go's golang.org/x/mod/sumdb, as Debian packages it: what the world checks its own module log with. */
const dir = mkdtempSync(join(tmpdir(), 'whorl-audit-go-'));
const verifier = join(dir, 'audit-verifier');

beforeAll(() => {
  const built = spawnSync('go', ['build', '-o', verifier, 'test/e2e/support/audit-verifier.go'], {
    encoding: 'utf8',
    env: {
      ...process.env,
      GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode',
      GOCACHE: join(dir, 'cache'),
      GOFLAGS: '',
    },
  });
  if (built.status !== 0)
    throw new Error(
      built.status === null
        ? 'this test needs the Debian packages golang-go and golang-golang-x-mod-dev'
        : built.stderr,
    );
});
afterAll(() => rmSync(dir, { recursive: true }));

const kept = (name: string, content: string): string => {
  const file = join(dir, name);
  writeFileSync(file, content);
  return file;
};

function go(...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(verifier, args, { encoding: 'utf8' });
  return status === 0 || status === 3 ? stdout.trim() : stderr;
}

/** What our own command says of the same files: the code it leaves with. */
async function whorl(log: string, key: string, checkpoint: string): Promise<{ code: number; said: string }> {
  const io = fakeIo({ log, 'audit.pub': key, 'kept.txt': checkpoint });
  await main(['audit', 'verify', 'log', '--key', 'audit.pub', '--checkpoint', 'kept.txt'], io);
  return { code: io.exitCode, said: [...io.stdout, ...io.stderr].join('\n') };
}

describe('Go and an audit log of ours', () => {
  let world: AuditWorld;
  let early: string;
  let log: string;
  let vkey: string;
  let pem: string;
  beforeEach(async () => {
    world = new AuditWorld();
    await world.start();
    await world.record(23);
    await world.export();
    early = world.sink.notes.at(-1) ?? '';
    await world.record(54);
    log = await world.export();
    vkey = JSON.parse(log.slice(0, log.indexOf('\n'))).key;
    pem = readFileSync(world.publicKeyFile, 'utf8');
    return () => world.remove();
  });

  const both = async (exported: string, checkpoint = early) => ({
    go: go('export', kept('log.jsonl', exported), vkey, kept('early.txt', checkpoint)),
    whorl: await whorl(exported, pem, checkpoint),
  });

  it('verifies every entry, the signature, and what was published before', async () => {
    const said = await both(log);
    expect(said.go).toBe('verified 77');
    expect(said.whorl).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^whole 77 entries; 2 checkpoints fit$/),
    });
  });

  it('verifies the proof of each entry, and of no other in its place', async () => {
    for (const seq of [0, 22, 23, 63, 64, 76]) {
      const proof = (await world.audit.prove(seq)) ?? '';
      expect(go('proof', kept('proof.json', proof), vkey)).toBe(`verified ${seq}`);
      const forged = proof.replace('it was us', 'it was he');
      expect(go('proof', kept('proof.json', forged), vkey)).toMatch(/^inclusion: /);
    }
  });

  it('verifies what was erased by its leaves', async () => {
    await world.audit.erase(world.now + 1, { author: 'ada', reason: 'kept for a year' });
    const said = await both(await world.export());
    expect([said.go, said.whorl.code]).toEqual(['verified 78', 0]);
  });

  it.each<[string, (log: string) => string, RegExp, RegExp]>([
    [
      'a byte of an entry',
      (l) => l.replace('"n":40', '"n":41'),
      /^root: /,
      /entry 63 is not what was put on record/,
    ],
    [
      'an entry that was removed',
      (l) => l.split('\n').toSpliced(41, 1).join('\n'),
      /^entry 41 stands where 40 belongs/,
      /entry 41 stands where entry 40 belongs/,
    ],
    [
      'the last entry',
      (l) => `${l.trimEnd().split('\n').slice(0, -1).join('\n')}\n`,
      /^76 entries, signed were 77/,
      /ends before entry 76/,
    ],
    [
      'a digit of the size that was signed',
      (l) => l.replace('\\n77\\n', '\\n76\\n'),
      /^checkpoint: .*invalid signature/,
      /BAD_SIGNATURE/,
    ],
  ])('refuses %s, as we do', async (_what, tamper, goSays, weSay) => {
    const changed = tamper(log);
    expect(changed).not.toBe(log);
    const said = await both(changed);
    expect(said.go).toMatch(goSays);
    expect(said.whorl).toMatchObject({ code: 3, said: expect.stringMatching(weSay) });
  });

  it('refuses a history that was rewritten and signed by the very key, against what was published', async () => {
    await world.stop();
    world.behindItsBack((db) => {
      rewrite(db, 7, 'it was us', 'nobody did');
      // The thief of the machine has the key, and makes the log forget what it signed.
      db.exec(`DELETE FROM settings WHERE name = 'audit-checkpoint'`);
    });
    await world.start([]);
    const rewritten = await world.export();
    expect(go('export', kept('log.jsonl', rewritten), vkey)).toBe('verified 77');
    const said = await both(rewritten);
    expect(said.go).toMatch(/^consistency: .*invalid/);
    expect(said.whorl).toMatchObject({
      code: 3,
      said: expect.stringMatching(
        /kept.txt was signed over 23 entries with another root: one of the entries 0 to 22/,
      ),
    });
  });
});

describe('a collector that runs', () => {
  it('puts on record what it is told to do, and publishes what that came to when it ends', async () => {
    const data = mkdtempSync(join(tmpdir(), 'whorl-audit-run-'));
    const kept = join(data, 'kept.txt');
    const listen = `unix:${join(data, 'agents.sock')}`;
    const config = {
      dataDir: data,
      listen,
      insecureLoopback: true,
      auditSinks: [`file:${kept}`],
      httpListen: '',
      metricsListen: '',
      eventsJson: true,
    };
    const ending = new AbortController();
    const ready = Promise.withResolvers<void>();
    const out = (line: string) => void (line.includes('"collector-ready"') && ready.resolve());
    const ended = collect(parseCollectorConfig({ ...config, logLevel: 'error' }), {
      out,
      signal: ending.signal,
      version: 't',
    });
    try {
      await Promise.race([ready.promise, ended]);
      const socket = join(data, 'collector', 'collector.sock');
      const body = { mode: 'freeze', reason: 'OPS-21' };
      const headers = { 'if-match': '"0"' };
      await ask(socket, 'collector', { method: 'POST', path: '/api/v1/policy/mode', body, headers });
      const status = await ask(socket, 'collector', { method: 'GET', path: '/api/v1/status' });
      expect(status).toMatchObject({ audit: { size: 3, mismatches: 0 } });
    } finally {
      ending.abort();
      await ended;
    }
    const key = parsePublicPem(readFileSync(join(data, 'collector', 'audit.pub'), 'utf8'));
    const [last = ''] = splitNotes(readFileSync(kept, 'utf8')).notes.slice(-1);
    expect(verifyCheckpoint(Buffer.from(last), key)).toMatchObject({ size: 3 });
    const store = await SqliteStore.open(join(data, 'collector', 'whorl.db'));
    const rows = await store.audit.entries({ limit: 9 });
    await store.close();
    rmSync(data, { recursive: true });
    expect(rows.map((r) => r.type)).toEqual(['collector-started', 'sink-changed', 'policy-changed']);
    expect(rows[2]).toMatchObject({ author: expect.stringMatching(/^local:./) });
  });
});
