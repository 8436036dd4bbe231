import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { armStateFile } from './adapters/arm-state-file.ts';
import { loopUtilisation, microClock, steadyClock } from './adapters/clock.ts';
import { codeBytes } from './adapters/code-bytes.ts';
import { controlHttp } from './adapters/control-http.ts';
import { makeDirectory, unusable } from './adapters/data-dir.ts';
import { disarmLabelsFile } from './adapters/disarm-labels-file.ts';
import { type CgroupEnforcer, openCgroupEnforcer } from './adapters/enforce-cgroup.ts';
import { epochFile } from './adapters/epoch-file.ts';
import { fingerprintsDir } from './adapters/fingerprints-dir.ts';
import { addressInPod } from './adapters/kubernetes/access.ts';
import { openCanary } from './adapters/linux/canary.ts';
import { findCgroup2Mount } from './adapters/linux/cgroup-fs.ts';
import { procNodeView } from './adapters/linux/node-view.ts';
import { readStat, startOf } from './adapters/linux/process-proc.ts';
import { procStateView } from './adapters/linux/state-view.ts';
import { takeLock } from './adapters/lock-file.ts';
import { procLogins } from './adapters/logins-proc.ts';
import { policyStoreFile } from './adapters/policy-store-file.ts';
import { containerdRuntime } from './adapters/runtime-containerd.ts';
import { criRuntime } from './adapters/runtime-cri.ts';
import { dockerRuntime } from './adapters/runtime-docker.ts';
import { hostRuntime } from './adapters/runtime-host.ts';
import { spoolId } from './adapters/spool-id.ts';
import { SegmentSpool } from './adapters/spool-segments.ts';
import { stateFile } from './adapters/state-file.ts';
import { procSurroundings } from './adapters/surroundings-proc.ts';
import { readTrustFile } from './adapters/trust-file.ts';
import type { GrpcUplink } from './adapters/uplink-grpc.ts';
import { runAgent } from './agent.ts';
import type { AgentDeps, Normaliser } from './agent-deps.ts';
import type { AgentConfig } from './config.ts';
import { disarmLabel } from './core/kubernetes/disarm-label.ts';
import type { OwnProcesses } from './core/own.ts';
import type { ContainerRuntime } from './ports/containers.ts';
import type { Identity } from './ports/uplink.ts';
import { AgentError, type CanaryHand } from './ports.ts';
import { openSource } from './sources/sources.ts';
import type { StateLine } from './state-line.ts';

export interface AgentIo {
  /** One line of data, for stdout. */
  readonly out: (line: string) => void;
  /** Ends the agent cleanly. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/**
 * Runs the node daemon until the signal aborts or the recording ends.
 *
 * @throws AgentError, SourceError: why it does not start, for a person
 */
export async function main(config: AgentConfig, io: AgentIo): Promise<void> {
  const dir = join(config.dataDir, 'agent');
  makeDirectory(dir);
  const unlock = inDataDir(join(dir, 'lock'), takeLock);
  const log = pino(
    { level: config.logLevel, base: { room: 'agent' } },
    pino.destination({ fd: 2, sync: true }),
  );
  const opened: Opened = { close: [] };
  try {
    const named = { ...config, node: config.node === '' ? hostname() : config.node };
    const deps = await wire(named, { ...io, dir, log, opened });
    await runAgent(deps, named, io.signal);
  } finally {
    for (const close of opened.close) close();
    unlock();
  }
}

/** What holds a timer or a connection, and has to be let go. */
interface Opened {
  readonly close: (() => void)[];
}

interface Wiring extends AgentIo {
  readonly dir: string;
  readonly log: Logger;
  readonly opened: Opened;
}

async function wire(config: AgentConfig, wiring: Wiring): Promise<AgentDeps> {
  const { dir, log, opened, io } = { ...wiring, io: wiring };
  const now = microClock();
  const own = ownProcesses(config);
  const session = randomBytes(16).toString('hex');
  const nodeView = () => procNodeView({ proc: '/proc', cgroups: cgroupMount(), now });
  const opening = await openSource({ config, dir, own, now, log, nodeView });
  const { source, isLive } = opening;
  const { runtimes, kill } = await openRuntimes(config, opened);
  const enforcer = await openEnforcer(config, { dir, log, now, kill });
  opened.close.push(() => enforcer.close());
  const spoolDir = join(dir, 'spool');
  const agent = inDataDir(spoolDir, spoolId);
  const spool = await explained(SegmentSpool.open({ dir: spoolDir, capBytes: config.spoolMaxMib * mib }));
  const epochs = epochFile(join(dir, 'spool.epoch'));
  let current: Normaliser | undefined;
  const coverage = (): ReturnType<Normaliser['coverage']> => current?.coverage() ?? [];
  return {
    source,
    normaliser: () => {
      current = opening.normaliser();
      return current;
    },
    runtimes,
    surroundings: procSurroundings(),
    ...(isLive ? await openKubernetes(config, now) : {}),
    asksForOrigins: opening.tellsOrigins !== true,
    // Pids of a recording are somebody else's here.
    ...(isLive ? { bytes: codeBytes({ now }), logins: procLogins() } : {}),
    view: isLive ? procStateView({ proc: '/proc', cgroups: cgroupMount() }) : undefined,
    canary: isLive
      ? (opening.noCanary ?? openCanaries(config, join(dir, 'canary'), session.slice(0, 8), opened))
      : undefined,
    fingerprints: fingerprintsDir(join(dir, 'fingerprints')),
    trust: () => readTrustFile(config.trustPolicy === '' ? join(dir, 'trust.json') : config.trustPolicy),
    policies: policyStoreFile(join(dir, 'policies.json')),
    platform: { os: 'linux', architecture: architectures[process.arch] ?? process.arch },
    state: stateFile(join(dir, 'state.json')),
    spool,
    epochs,
    uplink: await openUplink(config, {
      dir,
      agent,
      session,
      version: io.version,
      source: source.name,
      coverage,
      acked: spool.acked,
      epoch: () => epochs.known?.epoch,
    }),
    enforcer,
    armState: armStateFile(dir),
    labelStore: disarmLabelsFile(join(dir, 'disarm-labels.json')),
    control: controlHttp(join(dir, 'agent.sock')),
    own,
    utilisation: loopUtilisation(),
    bootUs: startOfSelf() + Math.round(process.uptime() * 1_000_000),
    session,
    now,
    steady: steadyClock,
    log,
    say: (line: StateLine) => {
      if (config.eventsJson) io.out(JSON.stringify(line));
    },
  };
}

const mib = 1 << 20;

/** As images are labelled; where both have one name it is that. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64' };

/** @returns text: why there are none, for a person */
function openCanaries(
  config: AgentConfig,
  folder: string,
  name: string,
  opened: Opened,
): CanaryHand | string | undefined {
  if (config.canarySeconds === 0) return undefined;
  const mount = cgroupMount();
  if (mount === undefined) return 'no cgroup2 file system is mounted';
  try {
    const hand = openCanary({ mount, folder, name });
    opened.close.push(() => hand.close());
    return hand;
  } catch (cause) {
    return `no cgroup and folder can be made for it: ${sentenceOf(cause)}`;
  }
}

function cgroupMount(): string | undefined {
  return findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8'));
}

interface Runtimes {
  /** The host's answers for every cgroup, so it is asked last. */
  readonly runtimes: readonly ContainerRuntime[];
  readonly kill?: (instance: string) => Promise<void>;
}

async function openRuntimes(config: AgentConfig, opened: Opened): Promise<Runtimes> {
  const host = hostRuntime();
  // Before containerd, which runs Docker's containers and knows none of their images.
  const docker = config.dockerSocket === '' ? [] : [dockerRuntime({ socket: config.dockerSocket })];
  const containerd =
    config.containerdSocket === '' ? [] : [containerdRuntime({ socket: config.containerdSocket })];
  // After containerd's own, which says which of an image's manifests runs, and of which layers.
  const cri = criRuntime(config.criSocket === '' ? {} : { socket: config.criSocket });
  opened.close.push(...[...containerd, cri].map((runtime) => () => runtime.close()));
  // While the first answer is on its way later copies would be known first. One that is away is asked again for each copy.
  await Promise.all(containerd.map((runtime) => runtime.ready().catch(() => undefined)));
  return {
    runtimes: [...docker, ...containerd, cri, host],
    kill: async (id) => {
      for (const runtime of [...containerd, cri]) await runtime.kill(id);
    },
  };
}

/** What a node does not use is not loaded: TLS alone is some megabytes on every node. */
async function openKubernetes(
  config: AgentConfig,
  now: () => number,
): Promise<Pick<AgentDeps, 'podSource' | 'namespaceSource'>> {
  const { kubernetes, kubernetesApi, kubernetesToken: tokenFile, kubernetesCa: caFile, node } = config;
  if (kubernetes === 'off') return {};
  const inPod = existsSync(tokenFile) ? addressInPod(process.env) : undefined;
  const server = kubernetesApi === '' ? inPod : kubernetesApi;
  if (server === undefined) return {};
  const { kubernetesNamespaces, kubernetesPods } = await import('./adapters/kubernetes.ts');
  const api = { server, tokenFile, caFile, random: Math.random, now };
  return { podSource: kubernetesPods(node, api), namespaceSource: kubernetesNamespaces(disarmLabel, api) };
}

async function openEnforcer(
  config: AgentConfig,
  { dir, log, now, kill }: { dir: string; log: Logger; now: () => number; kill: Runtimes['kill'] },
): Promise<CgroupEnforcer> {
  const enforcer = await explained(
    openCgroupEnforcer({
      dataDir: dir,
      now,
      evidenceCapBytes: config.evidenceMaxMib * mib,
      ...(kill === undefined ? {} : { runtimeKill: kill }),
      onExpired: (holds) => log.warn({ holds }, 'holds ended by their deadline'),
    }),
  );
  if (enforcer.problem !== undefined) log.warn({ reason: enforcer.problem }, 'list of holds was rebuilt');
  return enforcer;
}

interface Introduction {
  readonly dir: string;
  readonly agent: string;
  readonly session: string;
  readonly version: string;
  readonly source: string;
  readonly coverage: () => ReturnType<Normaliser['coverage']>;
  /** What the spool was acknowledged before this start, and by whom. */
  readonly acked: number;
  readonly epoch: () => string | undefined;
}

async function openUplink(config: AgentConfig, about: Introduction): Promise<GrpcUplink | undefined> {
  if (config.collector === '') return undefined;
  const { GrpcUplink } = await import('./adapters/uplink-grpc.ts');
  const { coverage, dir, epoch, ...rest } = about;
  return new GrpcUplink({
    ...rest,
    // Read at each attempt: what the source can see it says only after it has started.
    get coverage() {
      return coverage();
    },
    get epoch() {
      return epoch();
    },
    address: config.collector,
    ...(config.insecureLoopback
      ? { insecureLoopback: true }
      : { identity: await openIdentity(config, join(dir, 'identity')) }),
    node: config.node,
    cluster: config.cluster,
    kernel: release(),
    random: Math.random,
  });
}

async function openIdentity(config: AgentConfig, dir: string): Promise<Identity> {
  const { NodeIdentity } = await import('./adapters/node-identity.ts');
  const { tokenInFiles } = await import('./adapters/identity/token-files.ts');
  const { collector, collectorCa, joinTokenFile, collectorToken, cluster, node } = config;
  return new NodeIdentity({
    dir,
    address: collector,
    ...(collectorCa === '' ? {} : { caFile: collectorCa }),
    cluster,
    node,
    token: () => tokenInFiles(joinTokenFile, collectorToken),
    now: Date.now,
    random: Math.random,
  });
}

/** This process and what it is told of, with their start times: a pid alone could be somebody else's tomorrow. */
function ownProcesses(config: AgentConfig): OwnProcesses {
  const ref = (pid: number): { pid: number; start: number }[] => {
    const stat = readStat(pid);
    return stat === undefined ? [] : [{ pid, start: startOf(stat) }];
  };
  return {
    trees: [process.pid, ...config.ownPids].flatMap(ref),
    single: config.ownParentPid === 0 ? [] : ref(config.ownParentPid),
  };
}

function startOfSelf(): number {
  const stat = readStat(process.pid);
  return stat === undefined ? 0 : startOf(stat);
}

function inDataDir<T>(path: string, work: (path: string) => T): T {
  try {
    return work(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** What an adapter says when it cannot open is meant for a person already; only its class is ours. */
async function explained<T>(opening: Promise<T>): Promise<T> {
  return await opening.catch((cause: unknown) => {
    throw new AgentError('data-dir', sentenceOf(cause), { cause });
  });
}

function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
