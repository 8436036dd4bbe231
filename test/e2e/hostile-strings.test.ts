import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCgroup, removeCgroup } from '../../cli/demo/cgroup.ts';
import { formatEvent } from '../../fingerprint/event-json.ts';
import { mount } from './support/enforce-world.ts';
import { Planter } from './support/planter.ts';
import { Watch, whyNoSensor } from './support/sensor-rig.ts';

/** What a name can do to a terminal: clear it, set its title, write over the line, turn the direction, hide, end a line. */
const hostile =
  'a\u001b[2Jb\u001b]0;owned\u0007c\rd\be\u007ff\u009b31mg\u202eh\u2066i\u200bj\u2028k\ufeffl\tm\u061cn';
const evil = `${hostile}\nwhorl: all is well`;

const why = await whyNoSensor();
if (why !== undefined) console.log(`hostile strings: not tested, ${why}`);

const launcher = new URL('../../bin/whorl', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'whorl-hostile-'));
const dataDir = join(dir, 'state');
const resolver = '127.88.88.88';
// The kernel takes any name for a cgroup that has no newline.
const cgroupDir = join(mount, `whorl-hostile-${process.pid}-${hostile}`);

let witness: Watch;
let planter: Planter;
let server: Socket;
let up: ChildProcess;
let terminal = '';

/** Nothing but our own colours and the pseudo-terminal's line ends. */
function expectHarmless(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const rest = text.replaceAll(/\u001b\[\d{1,2}m/g, '').replaceAll('\r\n', '\n');
  const found = rest.match(/.{0,40}(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}].{0,20}/u)?.[0];
  expect(found === undefined ? '' : JSON.stringify(found)).toBe('');
  // A name cannot begin a line of ours.
  expect(rest).not.toMatch(/^whorl: all is well/m);
}

async function said(text: string): Promise<void> {
  for (let i = 0; i < 1200 && !terminal.includes(text); i += 1) {
    if (up.exitCode !== null) throw new Error(`whorl up ended: ${JSON.stringify(terminal)}`);
    await sleep(50);
  }
  expect(terminal).toContain(text);
}

function whorl(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      launcher,
      [...args],
      { maxBuffer: 64 << 20, env: { ...process.env, WHORL_DATA_DIR: dataDir } },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe.skipIf(why !== undefined)('names that would take over a terminal', () => {
  beforeAll(async () => {
    server = createSocket('udp4').bind(53, resolver);
    await once(server, 'listening');
    witness = await Watch.start();
    await makeCgroup(cgroupDir);
    // On a terminal, as a person runs it: `script` gives it one.
    const command = `exec ${launcher} up --no-install --listen 127.0.0.1:0 --data-dir ${dataDir}`;
    up = spawn('/usr/bin/script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    up.stdout?.setEncoding('utf8').on('data', (part: string) => {
      terminal += part;
    });
    await said('watching');
    planter = await Planter.start(cgroupDir);
    const at = (name: string) => join(dir, name);
    await planter.do({ act: 'make-folder', path: at(evil) });
    await planter.do({ act: 'create', path: join(at(evil), evil) });
    await planter.do({ act: 'rename', path: join(at(evil), evil), to: join(at(evil), `to-${evil}`) });
    await planter.do({ act: 'symlink', path: at(`link-${evil}`), to: evil });
    await planter.do({ act: 'listen', socket: `\0${evil}` });
    await planter.do({ act: 'connect', socket: `\0${evil}` });
    await planter.do({ act: 'ask', server: resolver, name: 'a\u001b[2J.evil\u202e.example' });
    await planter.do({ act: 'exec', file: '/bin/echo', args: [evil, `--password=${evil}`], argv0: evil });
    await planter.do({ act: 'drop', path: at(`run-${evil}`), of: '/bin/true' });
    await planter.do({ act: 'exec', file: at(`run-${evil}`), args: [evil], cwd: at(evil) });
  });
  afterAll(async () => {
    await planter?.end();
    up?.kill('SIGKILL');
    await witness?.stop();
    await removeCgroup(cgroupDir);
    server?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('never reach the terminal of whorl up', async () => {
    await said('incident');
    await said('run-a');
    await planter.end();
    // Once more than the state lines wait.
    await sleep(1_500);
    expectHarmless(terminal);
    expect(terminal).toContain('\u001b[31m');
    expect(terminal).toMatch(/started: .*\\x1b\[2J/);
    expect(terminal).toContain('run-a\\x1b[2Jb');
  });

  it('nor any verb that asks it', async () => {
    // Nothing was lost or refused for its name: that would hide what happens under it.
    const { agent, collector } = JSON.parse((await whorl('status', '--json')).stdout);
    expect(agent.counters).not.toHaveProperty(['lost.spool-unreadable']);
    expect(collector.agents).toMatchObject([{ refused: 0, missing: 0 }]);
    const listed = await whorl('incidents', '--json');
    expect(listed.code).toBe(1);
    writeFileSync(join(dir, 'incident.json'), `${listed.stdout.split('\n')[0]}\n`);
    const { id } = JSON.parse(listed.stdout.split('\n')[0] ?? '');
    for (const args of [
      ['status'],
      ['status', '--json'],
      ['incidents'],
      ['incidents', '--json'],
      ['incidents', id],
      ['explain', '--file', join(dir, 'incident.json')],
    ]) {
      const ran = await whorl(...args);
      expect(ran.stderr, args.join(' ')).toBe('');
      expect(ran.stdout.length).toBeGreaterThan(10);
      expectHarmless(ran.stdout);
    }
  });

  it('nor any verb that reads a recording of it', async () => {
    const group = statSync(cgroupDir).ino;
    const events = witness.events.filter((e) => e.cgroup === group);
    const recording = join(dir, 'events.jsonl');
    expect(JSON.stringify(events)).toContain(JSON.stringify(hostile).slice(1, -1));
    writeFileSync(recording, events.map((e) => `${JSON.stringify(formatEvent(e))}\n`).join(''));
    const subject = `shop@sha256:${'ab'.repeat(32)}`;
    // Its first program is all that this one knows: whatever came then is drift.
    const first = events.slice(0, events.findIndex((e) => e.kind === 'exec') + 1);
    writeFileSync(
      join(dir, 'little.jsonl'),
      first.map((e) => `${JSON.stringify(formatEvent(e))}\n`).join(''),
    );
    const at = (name: string) => join(dir, name);
    const outputs: string[] = [];
    for (const args of [
      ['learn', '--subject', subject, '--from', recording, '--out', at('all.json')],
      ['learn', '--subject', subject, '--from', at('little.jsonl'), '--out', at('little.json')],
      ['inspect', at('all.json')],
      ['inspect', at('all.json'), '--json'],
      ['backtest', at('little.json'), recording],
      ['backtest', at('little.json'), recording, '--json'],
      ['keygen', '--out', at('key'), '--no-passphrase'],
      ['sign', at('little.json'), '--key', at('key.key'), '--out', at('signed.json')],
      ['trust', 'init', '--signer', at('key.pub'), '--image', 'shop', '--out', at('policy.json')],
      ['judge', '--fingerprint', at('signed.json'), '--trust', at('policy.json'), recording],
    ]) {
      const ran = await whorl(...args);
      expect([0, 1], `${args.join(' ')}: ${ran.stderr}`).toContain(ran.code);
      expectHarmless(ran.stdout);
      expectHarmless(ran.stderr);
      outputs.push(ran.stdout, ran.stderr);
    }
    expect(outputs.join('')).toContain('\\x1b[2J');
  });

  it('nor the last words of whorl up', async () => {
    up.stdin?.write('\u0003');
    await once(up, 'close');
    expect(up.exitCode).toBe(0);
    expectHarmless(terminal);
  });
});
