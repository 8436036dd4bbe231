import { rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { formatSeconds } from '../fingerprint/time.ts';
import { GrpcIngest } from './adapters/ingest-grpc.ts';
import { commandKey } from './adapters/keys/command-key.ts';
import { learnerKey } from './adapters/keys/learner-key.ts';
import { PrometheusMetrics } from './adapters/metrics-prom.ts';
import { isReady } from './api-services.ts';
import { Broadcast } from './broadcast.ts';
import type { CollectorConfig } from './config.ts';
import { countLine } from './count-line.ts';
import type { LeaseSigner } from './lease-granter.ts';
import { Notifications } from './notifications.ts';
import { tellRestore } from './restored.ts';
import { StoreTrouble } from './store-trouble.ts';
import { openAudit } from './wiring/audit.ts';
import { openBackups } from './wiring/backups.ts';
import { levelsOf, openApi } from './wiring/http.ts';
import { localJoin, openIdentities } from './wiring/identities.ts';
import { openLeases } from './wiring/leases.ts';
import { namesOf } from './wiring/names.ts';
import { assemble } from './wiring/pipeline.ts';
import { sinksOf } from './wiring/sinks.ts';
import { collectorId, makeDirectory, openStore } from './wiring/store.ts';
import { doorOf, TlsWatch } from './wiring/tls.ts';
import type { CollectorIo, Wiring } from './wiring/wiring.ts';

export type { CollectorIo } from './wiring/wiring.ts';

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
  const broadcast = new Broadcast();
  if (config.eventsJson) broadcast.subscribe((line) => io.out(JSON.stringify(line)));
  const sinks = sinksOf(config, io);
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
/** A disarm or a held order that is over is told within so long; leases live a minute and are renewed well before. */
const brakesLookMs = 5_000;
/** A checkpoint is a second late at most. */
const auditLookMs = 1_000;
/** What is kept for days may be kept an hour longer. */
const retentionLookMs = 3_600_000;

async function serve(config: CollectorConfig, wired: Omit<Wiring, 'audit'>): Promise<void> {
  const { dir, log, broadcast, signal, store } = wired;
  const orders = commandKey(dir);
  const { learner, publicFile: learnerKeyFile } = learnerKey(dir);
  const id = await collectorId(store);
  const { audit, publicFile: auditKeyFile } = openAudit(config, wired, id);
  const wiring: Wiring = { ...wired, audit };
  void audit.started({ version: wiring.version, mode: config.mode, pid: process.pid });
  await tellRestore({ settings: store, audit, log });
  const names = { dir: join(dir, 'tls'), names: namesOf(config), now: Date.now };
  const tls = await TlsWatch.open(names, log);
  const identities = await openIdentities(config, wiring, () => tls.current);
  const meter = new PrometheusMetrics(log);
  broadcast.observe((line) => countLine(line, meter));
  const parts = await assemble(config, wiring, { signer: orders.signer, learner }, meter);
  const leases = openLeases(wiring, parts, leaseSigner(orders.signer));
  const notifications = new Notifications({
    ...wiring,
    outbox: store.outbox,
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
  const backups = openBackups(wiring);
  const services = { ...wiring, ...parts, identities, backups, notifications, tell: broadcast.tell, about };
  const api = await openApi(config, services, wiring, tls.current, meter);
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
    untilAborted(brakesLookMs, signal, async () => {
      await parts.stopping.look();
      await leases.look();
    }),
    untilAborted(retentionLookMs, signal, () => parts.retention.look(signal)),
    untilAborted(certificateLookMs, signal, async () => identities.look()),
    untilAborted(tlsLookMs, signal, async () => {
      const renewed = await tls.look();
      if (renewed === undefined) return;
      edge.use(doorOf(renewed));
      api.use(renewed);
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

/** Whole seconds, as signed messages say times: a lease ends a moment early rather than late. */
function leaseSigner(signer: ReturnType<typeof commandKey>['signer']): LeaseSigner {
  const second = (ms: number): string => formatSeconds(Math.floor(ms / 1000) * 1_000_000);
  return {
    sign: ({ issuedAt, expiresAt, ...lease }) =>
      signer.signLease({ ...lease, issuedAt: second(issuedAt), expiresAt: second(expiresAt) }),
  };
}

/** Does `work` again and again with a pause between, until the signal aborts. */
async function untilAborted(pauseMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}
