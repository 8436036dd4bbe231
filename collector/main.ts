import { randomBytes, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { FingerprintError } from '../fingerprint/errors.ts';
import { policyOf } from '../fingerprint/policy-chain.ts';
import { defaultThresholds, demoThresholds, readiness } from '../fingerprint/readiness.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { Access, localCaller } from './access.ts';
import { CommandSink } from './adapters/checkpoint-sink-command.ts';
import { FileSink } from './adapters/checkpoint-sink-file.ts';
import { steadyClock } from './adapters/clock.ts';
import { HttpApi } from './adapters/http-api.ts';
import { GrpcIngest } from './adapters/ingest-grpc.ts';
import { agentAuthority } from './adapters/keys/agent-authority.ts';
import { auditKey } from './adapters/keys/audit-key.ts';
import { bootstrapFile } from './adapters/keys/bootstrap-file.ts';
import { commandKey } from './adapters/keys/command-key.ts';
import { readKept, unusable, writeKept } from './adapters/keys/kept-file.ts';
import { learnerKey } from './adapters/keys/learner-key.ts';
import { type TlsFiles, tlsFiles } from './adapters/keys/tls-files.ts';
import { PrometheusMetrics } from './adapters/metrics-prom.ts';
import { jsonLines } from './adapters/notify-jsonlines.ts';
import { webhook } from './adapters/notify-webhook.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import { tokenKeys } from './adapters/token-keys.ts';
import { tokenReview } from './adapters/token-review.ts';
import { apiServices, isReady, type ServiceParts } from './api-services.ts';
import { Audit } from './audit.ts';
import { beforehandOf } from './beforehand.ts';
import { beginningPolicy } from './beginning-policy.ts';
import { Broadcast } from './broadcast.ts';
import { Canaries } from './canaries.ts';
import { Collector, type Presence } from './collector.ts';
import { type CollectorConfig, ConfigError } from './config.ts';
import { historyOf } from './core/history.ts';
import { readSinks, type Sink } from './core/notify-sinks.ts';
import { countLine } from './count-line.ts';
import { EventFeed } from './event-feed.ts';
import { Fingerprints } from './fingerprints.ts';
import { Floods } from './floods.ts';
import { Identities } from './identities.ts';
import { Incidents } from './incidents.ts';
import { Learning } from './learning.ts';
import { Nodes } from './nodes.ts';
import { Notifications } from './notifications.ts';
import type { Levels, Meter } from './ports/metrics.ts';
import type { Notifier } from './ports/notifier.ts';
import {
  type AgentRow,
  CollectorError,
  type DriftStore,
  type Learner,
  type Log,
  type OrderSigner,
  StoreError,
} from './ports.ts';
import { Provisionals } from './provisionals.ts';
import type { Reactions } from './reactions.ts';
import { ResponsePolicies } from './response-policies.ts';
import { Retention } from './retention.ts';
import { Stopping } from './stopping.ts';
import { StoreTrouble } from './store-trouble.ts';
import { type Telling, tellingLevels } from './telling-levels.ts';

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
  const dir = join(config.dataDir, 'collector');
  makeDirectory(dir);
  const log = pino(
    { level: config.logLevel, base: { room: 'collector' } },
    pino.destination({ fd: 2, sync: true }),
  );
  const sinks = sinksOf(config, io);
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

/** A stream goes on no longer than that after its certificate. */
const certificateLookMs = 1_000;
/** Whoever replaces the authority waits a minute for it. */
const tlsLookMs = 60_000;
/** A node is told as blind within a second of its canary's ten. */
const canaryLookMs = 1_000;
/** A disarm or a held order that is over is told within so long. */
const brakesLookMs = 5_000;
/** A checkpoint is a second late at most. */
const auditLookMs = 1_000;
/** What is kept for days may be kept an hour longer. */
const retentionLookMs = 3_600_000;

interface Wiring extends CollectorIo {
  readonly dir: string;
  readonly log: Log;
  readonly broadcast: Broadcast;
  readonly trouble: StoreTrouble;
  readonly store: SqliteStore;
  readonly sinks: readonly Sink<Notifier>[];
}

async function serve(config: CollectorConfig, wiring: Wiring): Promise<void> {
  const { dir, log, broadcast, signal, store } = wiring;
  const orders = commandKey(dir);
  const { learner, publicFile: learnerKeyFile } = learnerKey(dir);
  const id = await collectorId(store);
  const { audit, publicFile: auditKeyFile } = openAudit(config, wiring, id);
  void audit.started({ version: wiring.version, mode: config.mode, pid: process.pid });
  const readTls = () => tlsFiles(join(dir, 'tls'), namesOf(config), Date.now());
  const tls = { current: await readTls() };
  const identities = await openIdentities(config, { ...wiring, audit }, () => tls.current);
  const meter = new PrometheusMetrics(log);
  broadcast.observe((line) => countLine(line, meter));
  const parts = await assemble(config, { ...wiring, audit }, { signer: orders.signer, learner }, meter);
  const notifications = new Notifications({
    ...wiring,
    outbox: store.outbox,
    audit,
    now: Date.now,
    random: Math.random,
  });
  if (wiring.sinks.length > 0) broadcast.subscribe(notifications.hear);
  const edge = new GrpcIngest({
    address: config.listen,
    ...(config.insecureLoopback ? {} : { tls: doorOf(tls.current) }),
    gate: identities,
    collectorId: id,
    epoch: parts.epoch,
  });
  const address = await edge.listen(parts.collector);
  const about = {
    id,
    address,
    startedAt: Date.now(),
    version: wiring.version,
    learnerKeyFile,
    auditKeyFile,
    pid: process.pid,
    user: `local:${userInfo().username}`,
  };
  const api = await openApi(
    config,
    { ...wiring, ...parts, audit, notifications, tell: broadcast.tell, about },
    wiring,
    tls.current,
    meter,
  );
  const source = {
    levels: () => levelsOf(wiring, { ...parts, audit, notifications }, api.feed),
    ready: () => isReady(store),
  };
  const metricsAddress =
    config.metricsListen === '' ? undefined : await meter.listen(config.metricsListen, source);
  broadcast.tell({
    type: 'collector-ready',
    address,
    controlSocket: api.socketPath,
    ...(api.address === undefined ? {} : { apiAddress: api.address }),
    ...(metricsAddress === undefined ? {} : { metricsAddress }),
    ...(api.bootstrapFile === undefined ? {} : { bootstrapFile: api.bootstrapFile }),
    ...(config.insecureLoopback && config.httpListen === '' ? {} : { caFile: tls.current.caFile }),
    ...(config.localJoin ? { joinTokenFile: await localJoin(dir, identities) } : {}),
    commandKeyFile: orders.publicFile,
    learnerKeyFile,
  });
  log.info({ address, dir }, 'collector ready');

  await Promise.all([
    notifications.run(),
    untilAborted(config.readinessSeconds * 1000, signal, () => parts.learning.lookAtChanged(signal)),
    untilAborted(canaryLookMs, signal, async () => {
      parts.canaries.look();
      await parts.collector.look();
    }),
    audit.look().then(() => untilAborted(auditLookMs, signal, () => audit.look())),
    untilAborted(brakesLookMs, signal, () => parts.stopping.look()),
    untilAborted(retentionLookMs, signal, () => parts.retention.look(signal)),
    untilAborted(certificateLookMs, signal, async () => identities.look()),
    untilAborted(tlsLookMs, signal, async () => {
      const now = await readTls().catch((err: unknown) => log.error({ err }, 'TLS files cannot be taken up'));
      if (!now || isSameTls(now, tls.current)) return;
      tls.current = now;
      edge.use(doorOf(now));
      log.info({ caFile: now.caFile }, 'TLS files were taken up');
    }),
  ]);
  await edge.close();
  await parts.reactions.settled();
  await parts.nodes.settled();
  await notifications.close();
  await api.close();
  await meter.close();
  await audit.close();
}

interface OpenApi {
  readonly socketPath: string;
  readonly address: string | undefined;
  readonly bootstrapFile: string | undefined;
  readonly feed: EventFeed;
  close(): Promise<void>;
}

/** The HTTP API on its socket and, unless that is switched off, on the network. */
async function openApi(
  config: CollectorConfig,
  parts: ServiceParts,
  { dir, log, broadcast, store }: Wiring,
  tls: TlsFiles | undefined,
  meter: Meter,
): Promise<OpenApi> {
  const now = () => Date.now();
  const random = (length: number) => randomBytes(length);
  const { audit } = parts;
  const access = new Access({ store: store.access, file: bootstrapFile(dir), audit, random, now, log });
  const feed = new EventFeed({
    subscribe: broadcast.subscribe,
    newBoot: () => randomBytes(4).toString('hex'),
  });
  const socketPath = join(dir, 'collector.sock');
  const address = config.httpListen;
  const api = new HttpApi({
    services: { ...apiServices(parts), access, feed },
    localCaller: localCaller(localUser()),
    socketPath,
    ...(address === '' || tls === undefined ? {} : { tls: { ...tls, address } }),
    answered: ({ isStream, ...answered }) => {
      log.info(answered, 'request');
      meter.answered({ isStream, ...answered });
    },
    now,
    random,
    log,
  });
  // Before anybody can ask: the file is there when the address is told.
  const waiting = address === '' ? undefined : await access.prepare();
  const bound = await api.listen();
  const close = async (): Promise<void> => {
    feed.close();
    await api.close();
  };
  return { socketPath, address: bound, bootstrapFile: waiting, feed, close };
}

/** For a scrape: what is cheap to look up, summed over all agents. */
async function levelsOf(
  { store, trouble }: Wiring,
  {
    present,
    reactions,
    ...telling
  }: Telling & {
    readonly present: ReadonlyMap<string, Presence>;
    readonly reactions: Reactions;
  },
  feed: EventFeed,
): Promise<Levels> {
  const agents = await store.agents();
  const sum = (of: (row: AgentRow) => number): number => agents.reduce((n, row) => n + of(row), 0);
  return {
    agentsConnected: present.size,
    recordsStored: sum((row) => row.stored),
    recordsRefused: sum((row) => row.refused),
    recordsMissing: sum((row) => row.missing),
    storeRetries: trouble.failures,
    storeWaiting: store.waiting,
    reactionsWaiting: reactions.waiting,
    reactionsDropped: reactions.dropped,
    eventFollowers: feed.followers,
    ...(await tellingLevels(telling)),
  };
}

/** A container's user may have no name. */
function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** The pipeline behind the edges, with what an earlier run left behind. */
async function assemble(
  config: CollectorConfig,
  wiring: Wiring & { readonly audit: Audit },
  { signer, learner }: { readonly signer: OrderSigner; readonly learner: Learner },
  meter: Meter,
) {
  const { store, log, trouble, audit } = wiring;
  const { tell, listened } = wiring.broadcast;

  const now = steadyClock({
    wall: Date.now,
    monotonic: () => performance.now(),
    onStep: (byMs) => {
      log.warn({ byMs }, 'the clock of this machine was set');
      tell({ type: 'clock', byMs });
    },
  });
  const present: Map<string, Presence> = new Map();
  const policies = new ResponsePolicies({
    store: store.responsePolicies,
    incidents: store,
    copies: store.brakes.copies,
    beginning: beginningPolicy(config, await store.setting('mode')),
    now,
    tell,
    audit,
  });
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
  const isPresent = (agent: string) => present.has(agent);
  const isBlind = (agent: string) => canaries.statusOf(agent)?.state === 'blind';
  const silentAfterMs = config.silentAfterSeconds * 1000;
  const nodes = new Nodes({
    store: store.nodes,
    agents: store,
    isBlind,
    isPresent,
    silentAfterMs,
    now,
    log,
    tell,
  });
  const { floodPerSecond: perSecond } = config;
  const floods = new Floods({
    store: store.nodes,
    nodes,
    limits: { perSecond, burst: perSecond * 25 },
    now,
    log,
  });
  const about = { store, signer, policy: () => policies.decisions, present, audit };
  const stopping = new Stopping({ ...about, newId: randomUUID, now, log, tell });
  const { reactions, settling } = stopping;

  const retention = new Retention({ store: store.rolledUp, keepDays: config.keepDays, now, log });
  const incidents = new Incidents({
    store: store.rolledUp,
    isSigned: (digest, { workload }) => fingerprints.isAbout(digest, workload),
    now,
    tell,
  });

  await policies.restore();
  await fingerprints.restore();
  await provisionals.restore();
  await stopping.restore();
  await nodes.restore();
  await floods.restore();
  await nodes.restore();
  await floods.restore();
  const collector = new Collector({
    settling,
    store,
    listened,
    counted: (severity) => meter.incident(severity),
    reactions,
    learning,
    fingerprints,
    provisionals,
    canaries,
    nodes,
    floods,
    present,
    now,
    log,
    tell,
    trouble,
  });
  return {
    present,
    policies,
    learning,
    fingerprints,
    provisionals,
    canaries,
    nodes,
    epoch: await store.nodes.epoch(),
    reactions,
    stopping,
    retention,
    incidents,
    collector,
  };
}

function openAudit(
  { auditSinks }: CollectorConfig,
  { dir, store, log, broadcast }: Wiring,
  id: string,
): { readonly audit: Audit; readonly publicFile: string } {
  const { signer, publicFile } = auditKey(dir, `whorl.dev/collector/${id}`);
  const sinks = auditSinks.map((s) => (s.kind === 'file' ? new FileSink(s.path) : new CommandSink(s.argv)));
  const now = () => Date.now();
  const { tell } = broadcast;
  return {
    audit: new Audit({ store: store.audit, settings: store, signer, sinks, now, log, tell }),
    publicFile,
  };
}

async function openIdentities(
  config: CollectorConfig,
  { store, log, audit }: Wiring & { readonly audit: Audit },
  tls: () => TlsFiles,
): Promise<Identities> {
  const { kubernetesCluster: name, kubernetesApi: server, enrolAudience: audience } = config;
  const identities = new Identities({
    authority: agentAuthority(tls),
    store: store.identities,
    provers: {
      keys: tokenKeys(Date.now),
      review: tokenReview({ server, tokenFile: config.kubernetesToken, caFile: config.kubernetesCa }),
    },
    ...(name === ''
      ? {}
      : { ownCluster: { name, audience, accounts: config.enrolAccounts, proof: { by: 'review' } } }),
    trustDomain: config.trustDomain,
    lifetimeMs: config.agentCertificateHours * 3_600_000,
    graceMs: config.agentGraceDays * 86_400_000,
    now: Date.now,
    randomBytes,
    audit,
    log,
  });
  await identities.restore();
  return identities;
}

/** For the agent of this machine: whoever can read it could read the authority's key beside it. */
async function localJoin(dir: string, identities: Identities): Promise<string> {
  const by = { author: 'localJoin', reason: 'the agent of this machine' };
  const { token } = await identities.makeJoinToken({ replaces: true }, by);
  const file = join(dir, 'join-token');
  writeKept(file, `${token}\n`, 0o600);
  return file;
}

function doorOf({ certificate, key, bundle }: TlsFiles) {
  return { certificate, key, ca: bundle };
}

function isSameTls(a: TlsFiles, b: TlsFiles): boolean {
  return (
    a.certificate.equals(b.certificate) &&
    a.key.equals(b.key) &&
    a.bundle === b.bundle &&
    a.authority.key === b.authority.key
  );
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

/** What agents may call this collector: itself by every local name, where it listens, and what the site adds. */
function namesOf({ listen, httpListen, names }: CollectorConfig): string[] {
  const hosts = [listen, httpListen]
    .filter((address) => !address.startsWith('unix:'))
    .map((address) => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
  const meant = hosts.filter((name) => !['0.0.0.0', '::', ''].includes(name));
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
