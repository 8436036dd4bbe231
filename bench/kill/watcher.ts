import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSensor } from '../../agent/adapters/build-sensor.ts';
import { steadyClock } from '../../agent/adapters/clock.ts';
import { type CgroupEnforcer, openCgroupEnforcer } from '../../agent/adapters/enforce-cgroup.ts';
import { sensorSource } from '../../agent/adapters/source-sensor.ts';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import type { InForce } from '../../agent/core/watched.ts';
import { LeaseDesk } from '../../agent/lease-desk.ts';
import type { Log } from '../../agent/ports.ts';
import { StopHand } from '../../agent/stop-hand.ts';
import { generateKey } from '../../fingerprint/keys.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import { signLease } from '../../fingerprint/lease-envelope.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import { formatSeconds } from '../../fingerprint/time.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { workloadHash } from '../../fingerprint/workload-hash.ts';
import { inForceFrom, ShippedPath } from '../shipped-path.ts';

const now = (): number => Date.now() * 1000;
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const session = 'a'.repeat(32);
const patienceMs = 20_000;

/** In the place of a collector's command key. */
const collector = generateKey((length) => new Uint8Array(length).fill(7));
const issuedAt = '2026-01-01T00:00:00Z';
const trust = newTrustPolicy({
  signer: collector.publicKey,
  owner: 'bench',
  image: '**',
  maxMode: 'kill',
  commandKey: collector.publicKey,
  issuedAt,
});

/**
 * The watched side: the agent's own parts in this process, wired as the agent wires them, with a new incident answered
 * under a live lease of a collector: sensor → pipe → normalise → attribute → judge → lease → enforcer, evidence before
 * the kill.
 */
export class Watcher {
  readonly stops: Receipt[] = [];
  readonly path: ShippedPath;
  readonly #enforcer: CgroupEnforcer;
  readonly #spool: SegmentSpool;
  readonly #abort = new AbortController();
  #inForce: InForce | undefined;
  #reading: Promise<void> = Promise.resolve();
  #leased: { readonly hand: StopHand; readonly desk: LeaseDesk } | undefined;
  #granting: Promise<unknown> = Promise.resolve();
  #instances = 0;
  #workload: Workload | undefined;

  private constructor(enforcer: CgroupEnforcer, spool: SegmentSpool, watched: string) {
    this.#enforcer = enforcer;
    this.#spool = spool;
    this.path = new ShippedPath({
      // The sensor tells of the whole machine: what is not ours is nobody's, and is never stopped.
      isOurs: (cgroupPath) => cgroupPath.startsWith(`${watched}/`),
      judging: () => this.#inForce,
      onIncident: (incident, timing) => {
        this.#leased?.hand.judged(incident.id, timing);
        this.#leased?.desk.judged(incident, timing);
      },
      spool,
      say: (line) => {
        if (line.type !== 'instance' || line.state === 'exited') return;
        this.#instances += 1;
        this.#workload = line.workload;
      },
    });
  }

  /** @param watched the cgroup path below which every cgroup is a copy. */
  static async start(dir: string, watched: string): Promise<Watcher> {
    const binary = await buildSensor(join(dir, 'sensor'));
    mkdirSync(join(dir, 'data'));
    const enforcer = await openCgroupEnforcer({ dataDir: join(dir, 'data'), now });
    const watcher = new Watcher(enforcer, await SegmentSpool.open({ dir: join(dir, 'spool') }), watched);
    const source = sensorSource({ binary, ignorePids: [process.pid], now });
    const sink = { bytes: (bytes: Uint8Array) => watcher.path.read(bytes), note: () => undefined };
    watcher.#reading = source.run(sink, watcher.#abort.signal);
    await watcher.#until(() => watcher.path.normaliser.coverage().length > 0, 'the sensor did not start');
    return watcher;
  }

  /** What runs now is the fingerprint, once so many copies were met. */
  async approveWhatRuns(copies: number): Promise<void> {
    await this.#until(() => this.#instances >= copies, `${copies} copies did not all appear`);
    this.#inForce = inForceFrom(this.path);
    this.path.pipeline.fingerprintsChanged();
    await this.#grant();
    if (this.stops.length > 0) throw new Error('the approved service itself was taken for drift');
  }

  async close(): Promise<void> {
    await this.#granting;
    this.#abort.abort();
    await this.#reading;
    this.#enforcer.close();
    await this.#spool.close();
  }

  /**
   * A new lease, and the node's own limits as if ten minutes had passed: both are meant to let no node be emptied as fast
   * as a benchmark does it. Off the path that is measured.
   */
  async #grant(): Promise<void> {
    if (this.#workload === undefined) throw new Error('no copy was identified');
    const { attribution, watch } = this.path.pipeline;
    const enforcer = this.#enforcer;
    const hand = new StopHand({ enforcer, attribution, watch, holdUs: 600_000_000, now });
    const desk = new LeaseDesk({
      node: 'bench',
      session,
      trust: async () => trust,
      hand,
      attribution,
      watch,
      disarmed: () => undefined,
      now,
      steady: steadyClock,
      counters: this.path.counters,
      log: silent,
      say: () => undefined,
      onStopped: (incident) => this.path.pipeline.acted(incident),
      onReceipt: (receipt) => this.#stopped(receipt),
    });
    await desk.take(signLease(leaseFor(this.#workload), collector));
    this.#leased = { hand, desk };
  }

  #stopped(receipt: Receipt): void {
    this.stops.push(receipt);
    this.#granting = this.#grant();
  }

  async #until(done: () => boolean, otherwise: string): Promise<void> {
    for (let waited = 0; waited < patienceMs; waited += 50) {
      await sleep(50);
      this.path.pipeline.tick(now());
      if (done()) return;
    }
    throw new Error(`bench kill: ${otherwise} within ${patienceMs / 1000} s`);
  }
}

function leaseFor(workload: Workload): Lease {
  return {
    id: 'bench',
    session,
    seq: 1,
    node: 'bench',
    workload: workloadHash(workload),
    stops: 3,
    ends: 0,
    response: { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: true },
    maxMode: 'kill',
    issuedAt: formatSeconds(now()),
    expiresAt: formatSeconds(now() + 60_000_000),
  };
}
