import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../cli/control-client.ts';
import { makeCgroup, removeCgroup } from '../../cli/demo/cgroup.ts';
import { formatEvent } from '../../fingerprint/event-json.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import { mount } from './support/enforce-world.ts';
import { everyByteOf, leaksIn } from './support/leaks.ts';
import { orWhatWasSaid } from './support/or-what-was-said.ts';
import { dnsServer, type Planted, plantedProgram, plantedSecrets } from './support/planted-secrets.ts';
import { Planter } from './support/planter.ts';
import { Watch, whyNoSensor } from './support/sensor-rig.ts';
import { WatchedStack } from './support/watched-stack.ts';

const seed = Number(process.env.WHORL_TEST_SEED ?? 20_260_501);
const planted = plantedSecrets(seed);
const held = plantedProgram(seed + 1);
const killed = plantedProgram(seed + 2);
const everything = [
  ...planted,
  ...[held, killed].flatMap((program) => [...program.secrets, ...program.environment]),
];

const why = await whyNoSensor();
if (why !== undefined) console.log(`secrets: not tested, ${why}`);

/** Letters only: what has digits is the same workload as the last run's. */
const name = `whorl-secrets-${process.pid.toString(26).replaceAll(/\d/g, (d) => String.fromCharCode(113 + Number(d)))}`;
const cgroup = `/${name}`;
const cgroupDir = join(mount, name);
const work = mkdtempSync(join(tmpdir(), 'whorl-secrets-'));

let witness: Watch;
let stack: WatchedStack;
let planter: Planter;
let resolver: Socket;

describe.skipIf(why !== undefined)(`${everything.length} planted secrets (seed ${seed})`, () => {
  beforeAll(async () => {
    resolver = createSocket('udp4').bind(53, dnsServer);
    await once(resolver, 'listening');
    await makeCgroup(cgroupDir);
    witness = await Watch.start();
    stack = await WatchedStack.start();
    planter = await Planter.start(cgroupDir);
    await stack.agentLines.wait(
      'the workload',
      (line) => (line.type === 'instance' && line.instance.id === cgroup ? line : undefined),
      { signal: stack.never },
    );
  });
  afterAll(async () => {
    await planter?.end();
    await stack?.close();
    await witness?.stop();
    await removeCgroup(cgroupDir);
    resolver.close();
    rmSync(work, { recursive: true, force: true });
  });

  it('are shown while learning: what is learned and signed has none of them', async () => {
    await show(planted, 'l', '/bin/true');
    await mark('l');
    const hash = await learned('end-of-l');
    const baseline = (await ask(stack.ready.controlSocket, 'collector', {
      method: 'GET',
      path: `/api/v1/baselines/${hash}`,
    })) as {
      readonly subject: { readonly name: string; readonly digest: string };
      readonly observation: object;
    };
    const at = (file: string) => join(stack.dir, file);
    // On a busy machine the agent lets go what it has no time for, and what was learned so would stop nothing.
    const vouched = { ...baseline, observation: { ...baseline.observation, lost: 0 } };
    writeFileSync(at('baseline.json'), JSON.stringify(vouched));
    const { subject } = baseline;
    for (const args of [
      ['keygen', '--out', at('owner'), '--no-passphrase'],
      [
        ...['trust', 'init', '--signer', at('owner.pub'), '--image', subject.name, '--max-mode', 'kill'],
        ...['--command-key', stack.ready.commandKeyFile, '--out', stack.policy],
      ],
      // Refused when the scanner finds a secret in it.
      ['sign', at('baseline.json'), '--key', at('owner.key'), '--out', at('signed.json')],
      [
        ...['approve', at('signed.json'), '--trust', stack.policy, '--mode', 'kill', '--reason', 'OPS-21'],
        ...['--key', at('owner.key'), '--out', at('approval.json')],
      ],
      ['inspect', at('baseline.json')],
      ['inspect', at('signed.json'), '--json'],
    ])
      expect(await stack.whorl(...args), args.join(' ')).toMatchObject({ code: 0 });
    const from = stack.agentLines.end;
    for (const file of ['signed.json', 'approval.json']) {
      const call = { method: 'POST', path: '/api/v1/documents', body: readFileSync(at(file)) } as const;
      await ask(stack.ready.controlSocket, 'collector', call);
    }
    await stack.agentLines.wait(
      'the approval',
      (line) => (line.type === 'approval-in-force' ? line : undefined),
      { from, signal: stack.never },
    );
    shownSince(0);
    nothingGotOut();
  });

  it('are shown as drift: no incident has any of them, told or stored', async () => {
    const from = witness.events.length;
    const line = stack.agentLines.end;
    // An incident has room for 32 drifts and takes what begins within two seconds.
    for (let i = 0; i < planted.length; i += 25) {
      await show(planted.slice(i, i + 25), 'j', '/bin/echo');
      await sleep(apart);
    }
    await mark('j');
    await drifted('end-of-j', line);
    shownSince(from);
    await talk();
    nothingGotOut();
  });

  it.each([
    ['freeze', held],
    ['kill', killed],
  ] as const)('are in a program that is stopped (%s): no evidence has them', async (mode, program) => {
    const event = witness.events.length;
    const folder = join(work, mode);
    await planter.do({ act: 'make-folder', path: folder });
    for (const act of program.prepare(folder)) await planter.do(act);
    // What begins later is an incident of its own: the service that dropped the program is not held with it.
    await sleep(apart);
    await setMode(mode);
    const [from, decided] = [stack.agentLines.end, stack.collectorLines.end];
    await planter.do(program.start(folder));
    const stop = stack.agentLines.wait(
      'a stop',
      (l) =>
        l.type === 'receipt' && l.receipt.result === 'done' && l.receipt.evidence !== undefined
          ? l
          : undefined,
      { from, signal: stack.never },
    );
    const { receipt } = await orWhatWasSaid(stop, stack.collectorLines, decided);
    expect(readFileSync(receipt.evidence ?? '', 'utf8')).toContain('--password={secret}');
    await shownBy(program.secrets, event);
    await setMode('alert');
    await talk();
    nothingGotOut();
  });

  it('wait in the spool while no collector listens: it has none of them', async () => {
    await stack.stopCollector();
    const from = stack.agentLines.end;
    await show(planted, 's', '/bin/cat');
    await sleep(apart);
    await mark('s');
    await drifted('end-of-s', from);
    await sleep(2_000);
    const spool = [...everyByteOf(stack)].filter(([place]) => place.startsWith('state/agent/spool/'));
    expect(String(Buffer.concat(spool.map(([, bytes]) => bytes)))).toContain('{secret}');
    nothingGotOut();
    await stack.startCollector();
    await stack.agentLines.wait(
      'the collector again',
      (line) => (line.type === 'uplink' && line.state === 'connected' ? line : undefined),
      { from: stack.agentLines.end - 1, signal: stack.never, timeoutMs: 60_000 },
    );
    await talk();
  });

  it('are in the events of a recording: what the verbs make of it has none of them', async () => {
    const recording = join(work, 'events.jsonl');
    const ours = witness.events.filter((e) => e.cgroup === groupId());
    writeFileSync(recording, ours.map((e) => `${JSON.stringify(formatEvent(e))}\n`).join(''));
    const at = (file: string) => join(stack.dir, file);
    const { subject } = JSON.parse(readFileSync(at('baseline.json'), 'utf8'));
    const learn = await stack.whorl(
      ...['learn', '--subject', `${subject.name}@${subject.digest}`, '--from', recording],
      ...['--out', at('learned.json')],
    );
    expect([0, 4], learn.stderr).toContain(learn.code);
    for (const args of [
      ['judge', '--fingerprint', at('signed.json'), '--trust', stack.policy, recording],
      ['judge', '--fingerprint', at('signed.json'), '--trust', stack.policy, recording, '--json'],
      ['backtest', at('baseline.json'), recording, '--json'],
    ])
      expect(await stack.whorl(...args), args.join(' ')).toMatchObject({ code: 1 });
    expect(await stack.whorl('inspect', at('learned.json'))).toMatchObject({ code: 0 });
    nothingGotOut();
  });

  it('are nowhere when everything has ended and the database is folded', async () => {
    await planter.end();
    await stack.stopAgent();
    await stack.stopCollector();
    const bytes = nothingGotOut();
    const replaced = String(bytes).split('{secret}').length - 1;
    expect(replaced).toBeGreaterThan(everything.length);
    console.log(
      `secrets: ${everything.length} planted (${planted.length} shown three times each), 0 found in ${bytes.length} bytes ` +
        `of spool, evidence, state, database, signed files, terminal and logs; {secret} stands ${replaced} times in their place`,
    );
  });
});

function groupId(): number {
  return statSync(cgroupDir).ino;
}

/** Drifts that begin within two seconds are one incident. */
const apart = 2_100;

async function show(what: readonly Planted[], phase: string, program: string): Promise<void> {
  const folder = join(work, phase);
  await planter.do({ act: 'make-folder', path: folder });
  for (const one of what) for (const act of one.acts(folder, program)) await planter.do(act);
}

/**
 * A program that says that everything before it was shown: its file is learned, its start is never normal and so an
 * incident, and none that is full already when it comes late enough.
 */
async function mark(phase: string): Promise<void> {
  const path = join(work, `end-of-${phase}`);
  await planter.do({ act: 'drop', path, of: '/bin/true' });
  await planter.do({ act: 'exec', file: path, args: [] });
}

async function setMode(mode: Mode): Promise<void> {
  await ask(stack.ready.controlSocket, 'collector', {
    method: 'POST',
    path: '/api/v1/policy/mode',
    body: { mode, reason: 'test' },
    headers: { 'if-match': '*' },
  });
}

/** @returns the workload's hash when the collector has learned the file of that name. */
async function learned(marker: string): Promise<string> {
  const get = (path: string) => ask(stack.ready.controlSocket, 'collector', { method: 'GET', path });
  for (let i = 0; i < 300; i += 1) {
    const { items: workloads } = (await get('/api/v1/workloads?limit=500')) as {
      items: { hash: string; workload: { owner: string } }[];
    };
    const ours = workloads.find((w) => w.workload.owner.includes(name));
    if (ours !== undefined && JSON.stringify(await get(`/api/v1/baselines/${ours.hash}`)).includes(marker))
      return ours.hash;
    await sleep(100);
  }
  throw new Error(`${marker} was not learned`);
}

async function drifted(marker: string, from: number): Promise<void> {
  await stack.agentLines.wait(
    `an incident with ${marker}`,
    (line) => (line.type === 'incident' && JSON.stringify(line).includes(marker) ? line : undefined),
    { from, signal: stack.never },
  );
}

/** An independent sensor saw each of them in clear since: else nothing would be shown by not finding them. */
function shownSince(from: number): void {
  const seen = clearText(from);
  const unseen = planted
    .filter((p) => !seen.includes(JSON.stringify(p.secret).slice(1, -1)))
    .map((p) => p.what);
  expect(unseen).toEqual([]);
}

async function shownBy(program: readonly Planted[], from: number): Promise<void> {
  const all = () => program.every((p) => clearText(from).includes(p.secret)) || undefined;
  await witness.until(all, 'the program to be seen');
}

function clearText(from: number): string {
  const id = groupId();
  return JSON.stringify(witness.events.slice(from).filter((e) => e.cgroup === id));
}

/** Everything a person can ask the command line. */
async function talk(): Promise<void> {
  expect((await stack.whorl('status')).stdout).toContain('agent');
  await stack.whorl('status', '--json');
  await stack.whorl('incidents');
  const { stdout } = await stack.whorl('incidents', '--json');
  const ids = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).id as string);
  expect(ids.length).toBeGreaterThan(0);
  await stack.whorl('incidents', ids[0] ?? '');
  writeFileSync(join(stack.dir, 'incident.json'), `${stdout.split('\n')[0]}\n`);
  await stack.whorl('explain', '--file', join(stack.dir, 'incident.json'));
}

/** @returns all that was looked through */
function nothingGotOut(): Buffer {
  const places = everyByteOf(stack);
  expect(leaksIn(places, everything)).toEqual([]);
  return Buffer.concat([...places.values()]);
}
