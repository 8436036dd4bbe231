import { randomUUID } from 'node:crypto';
import { defaultThresholds, demoThresholds, readiness } from '../../fingerprint/readiness.ts';
import { steadyClock } from '../adapters/clock.ts';
import { beforehandOf } from '../beforehand.ts';
import { beginningPolicy } from '../beginning-policy.ts';
import { Canaries } from '../canaries.ts';
import { Collector, type Presence } from '../collector.ts';
import type { CollectorConfig } from '../config.ts';
import { historyOf } from '../core/history.ts';
import { Fingerprints } from '../fingerprints.ts';
import { Floods } from '../floods.ts';
import { Incidents } from '../incidents.ts';
import { Learning } from '../learning.ts';
import { Nodes } from '../nodes.ts';
import type { Meter } from '../ports/metrics.ts';
import type { Learner, OrderSigner } from '../ports.ts';
import { Provisionals } from '../provisionals.ts';
import { ResponsePolicies } from '../response-policies.ts';
import { Retention } from '../retention.ts';
import { Stopping } from '../stopping.ts';
import { trustOf } from './names.ts';
import type { Wiring } from './wiring.ts';

/** What `assemble` makes. */
export type Pipeline = Awaited<ReturnType<typeof assemble>>;

/** The pipeline behind the edges, with what an earlier run left behind. */
export async function assemble(
  config: CollectorConfig,
  wiring: Wiring,
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
    drifts: store,
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

  const retention = new Retention({ store: store.incidents, keepDays: config.keepDays, now, log });
  const incidents = new Incidents({
    store: store.incidents,
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
    now,
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
