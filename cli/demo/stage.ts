import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentLine } from '../agent-line.ts';
import { cgroupMount } from '../cgroup-mount.ts';
import type { CollectorLine } from '../collector-line.ts';
import { CliError, exitCodes } from '../exit.ts';
import { type LocalStack, startStack } from '../local-stack.ts';
import { furnishShop } from '../sample-service.ts';
import { makeCgroup, removeCgroup } from './cgroup.ts';
import type { Cleanup } from './cleanup.ts';
import { LineLog } from './line-log.ts';
import { serviceRuntime } from './runtime.ts';
import { type Shop, startShop, stopShop } from './shop.ts';

/** Where the story plays: a temporary directory and a cgroup of its own, a collector, an agent, and what they say. */
export interface Stage {
  readonly directory: string;
  /** Below the cgroup mount: `/whorl-demo-xyz`. Letters only, so that two demos at once are two workloads. */
  readonly cgroup: string;
  readonly cgroupDir: string;
  readonly agentLines: LineLog<AgentLine>;
  readonly collectorLines: LineLog<CollectorLine>;
}

export async function makeStage(cleanup: Cleanup): Promise<Stage> {
  const mount = cgroupMount();
  if (mount === undefined)
    throw new CliError(exitCodes.incomplete, 'cgroup v2 is not mounted', 'whorl doctor says how to mount it');
  const name = `whorl-demo-${Array.from({ length: 6 }, () => String.fromCharCode(97 + randomInt(26))).join('')}`;
  const directory = await mkdtemp(join(tmpdir(), 'whorl-demo-'));
  cleanup.add('files', () => rm(directory, { recursive: true, force: true }));
  const cgroupDir = join(mount, name);
  cleanup.add('cgroups', () => removeCgroup(cgroupDir));
  await makeCgroup(cgroupDir);
  return {
    directory,
    cgroup: `/${name}`,
    cgroupDir,
    agentLines: new LineLog(),
    collectorLines: new LineLog(),
  };
}

/** Collector and agent with short thresholds, nothing stopped until the story says so. */
export async function startWatching(
  stage: Stage,
  cleanup: Cleanup,
  options: { readonly sensor: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<LocalStack> {
  const stack = await startStack({
    dataDir: stateDir(stage),
    env: options.env,
    agent: {
      sensor: options.sensor,
      trustPolicy: policyFile(stage),
      node: 'demo',
      supportSeconds: 1,
      heartbeatSeconds: 1,
      logLevel: 'warn',
    },
    collector: {
      listen: '127.0.0.1:0',
      thresholds: 'demo',
      readinessSeconds: 1,
      mode: 'alert',
      logLevel: 'warn',
    },
    onAgentLine: (line) => stage.agentLines.add(line),
    onCollectorLine: (line) => stage.collectorLines.add(line),
  });
  cleanup.add('agent and collector', () => stack.stop());
  return stack;
}

export function stateDir(stage: Stage): string {
  return join(stage.directory, 'state');
}

/** The agent reads it anew for every fingerprint and order: a policy that appears later rules from then on. */
export function policyFile(stage: Stage): string {
  return join(stage.directory, 'policy.json');
}

/** Opens copies of the shop, by name; all run the same program. */
export type OpenShop = (name: string) => Promise<Shop>;

export async function furnishedShop(stage: Stage, cleanup: Cleanup): Promise<OpenShop> {
  await furnishShop(shopDir(stage));
  const runtime = await serviceRuntime(cleanup);
  return (name) => openShop(stage, cleanup, runtime, name);
}

export function shopDir(stage: Stage): string {
  return join(stage.directory, 'shop');
}

async function openShop(stage: Stage, cleanup: Cleanup, runtime: string, name: string): Promise<Shop> {
  const cgroupDir = join(stage.cgroupDir, name);
  await makeCgroup(cgroupDir);
  const shop = await startShop({
    name,
    cgroup: `${stage.cgroup}/${name}`,
    cgroupDir,
    directory: shopDir(stage),
    runtime,
  });
  cleanup.add(name, () => stopShop(shop));
  return shop;
}

/** Whether a process is gone for good, or only its parent has not looked yet. */
export function isGone(pid: number): boolean {
  return !existsSync(`/proc/${pid}`);
}
