import { randomBytes, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { FingerprintError } from '../fingerprint/errors.ts';
import { policyOf } from '../fingerprint/policy-chain.ts';
import { defaultThresholds, demoThresholds, readiness } from '../fingerprint/readiness.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { modes } from '../fingerprint/verdict.ts';
import { ControlHttp } from './adapters/control-http.ts';
import { GrpcIngest } from './adapters/ingest-grpc.ts';
import { agentToken } from './adapters/keys/agent-token.ts';
import { commandKey } from './adapters/keys/command-key.ts';
import { readKept, unusable } from './adapters/keys/kept-file.ts';
import { learnerKey } from './adapters/keys/learner-key.ts';
import { tlsFiles } from './adapters/keys/tls-files.ts';
import { jsonLines } from './adapters/notify-jsonlines.ts';
import { webhook } from './adapters/notify-webhook.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import { beforehandOf } from './beforehand.ts';
import { Broadcast } from './broadcast.ts';
import { Canaries } from './canaries.ts';
import { Collector, type Presence } from './collector.ts';
import { type CollectorConfig, ConfigError } from './config.ts';
import { control } from './control.ts';
import type { BrakeLimits } from './core/brakes.ts';
import type { ResponsePolicy } from './core/decide.ts';
import { historyOf } from './core/history.ts';
import { readSinks, type Sink } from './core/notify-sinks.ts';
import { Fingerprints } from './fingerprints.ts';
import { Learning } from './learning.ts';
import { Notifications } from './notifications.ts';
import type { Notifier } from './ports/notifier.ts';
import {
  CollectorError,
  type DriftStore,
  type Learner,
  type Log,
  type OrderSigner,
  StoreError,
} from './ports.ts';
import { Provisionals } from './provisionals.ts';
import { Reactions } from './reactions.ts';
import { StoreTrouble } from './store-trouble.ts';

export interface CollectorIo {
  /** One line of data, for stdout. */
  readonly out: (line: string) => void;
  /** Ends the collector cleanly. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/**
 * Runs the central service until the signal aborts.
 * @throws CollectorError, StoreError: why it does not start, for a person
 */
export async function main(config: CollectorConfig, io: CollectorIo): Promise<void> {
  const sinks = sinksOf(config, io);
  const dir = join(config.dataDir, 'collector');
  makeDirectory(dir);
  const log = pino(
    { level: config.logLevel, base: { room: 'collector' } },
    pino.destination({ fd: 2, sync: true }),
  );
  const broadcast = new Broadcast();
  if (config.eventsJson) broadcast.subscribe((line) => io.out(JSON.stringify(line)));
  const trouble = new StoreTrouble(log, broadcast.tell, io.signal);
  const store = await openStore(dir, trouble);
  try {
    await serve(config, { ...io, dir, log, broadcast, trouble, store, sinks });
  } finally {
    await store.close();
    rmSync(join(dir, 'collector.pid'), { force: true });
    broadcast.tell({ type: 'stopped' });
  }
}

/** A node is told as blind within a second of its canary's ten. */
const canaryLookMs = 1_000;

interface Wiring extends CollectorIo {
  readonly dir: string;
  readonly log: Log;
  readonly broadcast: Broadcast;
  readonly trouble: StoreTrouble;
  readonly store: SqliteStore;
  readonly sinks: readonly Sink<Notifier>[];
}

async function serve(config: CollectorConfig, wiring: Wiring): Promise<void> {
  const { dir, log, broadcast, signal } = wiring;
  const token = agentToken(dir);
  const orders = commandKey(dir);
  const { learner, publicFile: learnerKeyFile } = learnerKey(dir);
  const tls = config.insecureLoopback
    ? undefined
    : await tlsFiles(join(dir, 'tls'), namesOf(config), Date.now());
  const parts = await assemble(config, wiring, { signer: orders.signer, learner });
  const notifications = new Notifications({
    ...wiring,
    outbox: wiring.store.outbox,
    audit: { record: async (entry) => log.warn(entry, 'audit') },
    now: Date.now,
    random: Math.random,
  });
  if (wiring.sinks.length > 0) broadcast.subscribe(notifications.hear);
  const edge = new GrpcIngest({
    address: config.listen,
    ...(tls === undefined ? {} : { tls }),
    collectorId: parts.id,
    tokenMatches: token.matches,
  });
  const address = await edge.listen(parts.collector);
  const controlSocket = join(dir, 'collector.sock');
  const about = {
    id: parts.id,
    address,
    startedAt: Date.now(),
    version: wiring.version,
    learnerKeyFile,
    pid: process.pid,
  };
  const ear = new ControlHttp(controlSocket, control({ ...wiring, ...broadcast, ...parts, about }), log);
  await ear.listen();
  broadcast.tell({
    type: 'collector-ready',
    address,
    controlSocket,
    ...(tls === undefined ? {} : { caFile: tls.caFile }),
    tokenFile: token.file,
    commandKeyFile: orders.publicFile,
    learnerKeyFile,
  });
  log.info({ address, dir }, 'collector ready');

  await Promise.all([
    untilAborted(config.readinessSeconds * 1000, signal, () => parts.learning.lookAtChanged(signal)),
    notifications.run(),
    untilAborted(canaryLookMs, signal, async () => parts.canaries.look()),
  ]);
  await edge.close();
  await parts.reactions.settled();
  await notifications.close();
  await ear.close();
}

/** The pipeline behind the edges, with what an earlier run left behind. */
async function assemble(
  config: CollectorConfig,
  wiring: Wiring,
  { signer, learner }: { readonly signer: OrderSigner; readonly learner: Learner },
) {
  const { store, log, trouble } = wiring;
  const { tell, listened } = wiring.broadcast;

  const now = () => Date.now();
  const present: Map<string, Presence> = new Map();
  const policy = { current: await responsePolicyOf(config, store) };
  const thresholds = config.thresholds === 'demo' ? demoThresholds : defaultThresholds;
  const fingerprints = new Fingerprints({ store, now, trust: trustOf(config.trustPolicy) });
  const linkOf = (agent: string) => present.get(agent)?.link;
  const provisionals = new Provisionals({
    store,
    learner,
    refusal: (workload) => fingerprints.refusal(workload),
    linkOf,
    now,
    log,
    tell,
  });
  const learning = new Learning({
    store,
    now,
    log,
    tell,
    readiness: (learned, known, at) => readiness(historyOf(learned, at, known), thresholds),
    beforehand: beforehandOf(store, fingerprints),
    onReady: (learned, known, found) => provisionals.consider(learned, known, found),
  });
  const canaries = new Canaries({ store, isPresent: (agent) => present.has(agent), now, log, tell });
  const reactions = new Reactions({
    store,
    signer,
    limits: limitsOf(config),
    policy: () => policy.current,
    linkOf,
    newId: randomUUID,
    now,
    log,
    tell,
  });
  await fingerprints.restore();
  await provisionals.restore();
  await reactions.restore();
  const collector = new Collector({
    store,
    listened,
    reactions,
    learning,
    fingerprints,
    provisionals,
    canaries,
    present,
    now,
    log,
    tell,
    trouble,
  });
  const id = await collectorId(store);
  return { id, present, policy, learning, fingerprints, provisionals, canaries, reactions, collector };
}

/** Does `work` again and again with a pause between, until the signal aborts. */
async function untilAborted(pauseMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}

/** Adding a notifier is a file among the adapters and a line here. @throws ConfigError with all problems at once */
function sinksOf(config: CollectorConfig, io: CollectorIo): readonly Sink<Notifier>[] {
  const { sinks, problems } = readSinks<Notifier>(config.notify, [
    jsonLines({ out: io.out, isStdoutTaken: config.eventsJson }),
    webhook({ now: Date.now, version: io.version }),
  ]);
  if (problems.length > 0) throw new ConfigError(problems);
  return sinks;
}

function makeDirectory(dir: string): void {
  try {
    mkdirSync(dirname(dir), { recursive: true, mode: 0o700 });
    // Not recursive: that form tells a read-only file system as a missing directory.
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(dir, error);
  }
}

/** The database's lock is the collector's: the kernel lets it go with the process, however that ends. */
async function openStore(dir: string, trouble: StoreTrouble): Promise<SqliteStore> {
  const pidFile = join(dir, 'collector.pid');
  try {
    const store = await SqliteStore.open(join(dir, 'whorl.db'), trouble.mayRetry);
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
    return store;
  } catch (error) {
    if (!(error instanceof StoreError)) throw unusable(pidFile, error);
    if (error.code !== 'in-use')
      throw new StoreError(error.code, `${dir}: ${error.message}`, { cause: error });
    const pid = readPid(pidFile);
    throw new StoreError(
      'in-use',
      `another collector${pid === undefined ? '' : ` with pid ${pid}`} already runs on ${dir}; use that one, end it, or name another directory with --data-dir`,
      { cause: error },
    );
  }
}

function readPid(file: string): string | undefined {
  try {
    return /^(\d{1,10})\n$/.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

async function collectorId(store: DriftStore): Promise<string> {
  const known = await store.setting('collector-id');
  if (known !== undefined) return known;
  const made = randomBytes(16).toString('hex');
  await store.saveSetting('collector-id', made);
  return made;
}

/** What was set by `POST /policy` outlives a restart; the configuration is the beginning. */
async function responsePolicyOf(config: CollectorConfig, store: DriftStore): Promise<ResponsePolicy> {
  const kept = await store.setting('mode');
  const { killScope, stopInteractive, protectedNamespaces } = config;
  return {
    mode: modes.find((m) => m === kept) ?? config.mode,
    killScope,
    stopInteractive,
    protectedNamespaces,
    maxAgeMs: config.orderMaxAgeMinutes * 60_000,
  };
}

function limitsOf(config: CollectorConfig): BrakeLimits {
  const { stopsPerWorkload, stopsPerCluster, nodeShare, holdsPerWorkload, holdsPerCluster } = config;
  const windowMs = config.brakeWindowMinutes * 60_000;
  return { windowMs, stopsPerWorkload, stopsPerCluster, nodeShare, holdsPerWorkload, holdsPerCluster };
}

/** What agents may call this collector: itself by every local name, where it listens, and what the site adds. */
function namesOf({ listen, names }: CollectorConfig): string[] {
  const host = listen.startsWith('unix:') ? [] : [listen.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')];
  const meant = host.filter((name) => !['0.0.0.0', '::', ''].includes(name));
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...meant, ...names])];
}

function trustOf(file: string): TrustPolicy | undefined {
  if (file === '') return undefined;
  const text = readKept(file, 0o644);
  if (text === undefined) throw new CollectorError('bad-file', `${file}: there is no such trust policy`);
  try {
    return policyOf(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new CollectorError('bad-file', `${file} ${error.field} ${error.message} (${error.code})`, {
      cause: error,
    });
  }
}
