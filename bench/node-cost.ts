import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSensor } from '../agent/adapters/build-sensor.ts';
import { cgroupMount } from '../cli/cgroup-mount.ts';
import { makeCgroup, removeCgroup } from '../cli/demo/cgroup.ts';
import { startStack } from '../cli/local-stack.ts';
import { describeMachine, machineFacts } from './machine.ts';

/**
 * What Whorl costs one node: the shipped agent and sensor as processes, first idle, then under the mix of 1 142 events a
 * second that a peer publishes its figures for (reference: performance, T12): 1 000 opens, 10 executions, the rest connects.
 */
const secondsEach = process.argv.includes('--quick') ? 8 : 30;

const load = `
const fs = require('node:fs'), net = require('node:net'), { spawn } = require('node:child_process');
const files = fs.readdirSync('/etc', { withFileTypes: true }).filter((f) => f.isFile()).map((f) => '/etc/' + f.name).slice(0, 50);
setInterval(() => {
  for (let i = 0; i < 100; i++) fs.closeSync(fs.openSync(files[i % files.length]));
  spawn('/bin/true').on('error', () => {});
  for (let i = 0; i < 13; i++) net.connect(Number(process.argv[1]), '127.0.0.1').on('error', () => {}).end();
}, 100);`;

/** CPU time in ms and resident MiB of a process; /proc counts in ticks of 10 ms. */
async function usage(pid: number): Promise<{ cpuMs: number; rssMib: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rssMib: (Number(fields[21]) * 4) / 1024 };
}

async function sensorOf(agent: number): Promise<number> {
  return Number((await readFile(`/proc/${agent}/task/${agent}/children`, 'utf8')).trim().split(' ')[0]);
}

async function measure(what: string, pids: Readonly<Record<string, number>>): Promise<void> {
  const before = await Promise.all(Object.values(pids).map(usage));
  await sleep(secondsEach * 1000);
  const after = await Promise.all(Object.values(pids).map(usage));
  const rows = Object.keys(pids).map((name, i) => {
    const millicores = ((after[i]?.cpuMs ?? 0) - (before[i]?.cpuMs ?? 0)) / secondsEach;
    return { name, millicores: Math.round(millicores * 10) / 10, mib: Math.round(after[i]?.rssMib ?? 0) };
  });
  console.log(
    `${what}, ${secondsEach} s: ${rows.map((r) => `${r.name} ${r.millicores} millicores, ${r.mib} MiB`).join('; ')}`,
  );
}

const dir = await mkdtemp(join(tmpdir(), 'whorl-node-cost-'));
const mount = cgroupMount();
if (mount === undefined) throw new Error('there is no cgroup2 mount here');
const cgroup = join(mount, `whorl-node-cost-${process.pid}`);
const server = createServer((socket) => socket.on('error', () => {}).end()).listen(0, '127.0.0.1');
console.log(describeMachine(machineFacts()));
const stack = await startStack({
  dataDir: dir,
  env: process.env,
  agent: { sensor: await buildSensor(join(dir, 'sensor')), logLevel: 'warn' },
  collector: { listen: '127.0.0.1:0', logLevel: 'warn' },
  onAgentLine: () => {},
  onCollectorLine: () => {},
});
try {
  await sleep(5000);
  const pids = {
    agent: stack.agent.pid,
    sensor: await sensorOf(stack.agent.pid),
    collector: stack.collector.pid,
  };
  await measure('idle', pids);
  await makeCgroup(cgroup);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  spawn(
    '/bin/sh',
    ['-c', `echo $$ > ${cgroup}/cgroup.procs && exec "$0" -e "$1" ${port}`, process.execPath, load],
    {
      stdio: 'ignore',
    },
  );
  await sleep(3000);
  await measure('1 140 events a second', pids);
} finally {
  await removeCgroup(cgroup);
  await stack.stop();
  server.close();
  await rm(dir, { recursive: true, force: true });
}
