import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSensor } from '../../agent/adapters/build-sensor.ts';
import { type CgroupEnforcer, openCgroupEnforcer } from '../../agent/adapters/enforce-cgroup.ts';
import { sensorSource } from '../../agent/adapters/source-sensor.ts';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import type { InForce } from '../../agent/core/watched.ts';
import type { StopResult } from '../../agent/ports.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { inForceFrom, ShippedPath } from '../shipped-path.ts';

const now = (): number => Date.now() * 1000;
const patienceMs = 20_000;

/**
 * The watched side: the agent's own parts in this process, wired as the agent wires them, with a new incident answered
 * on the spot by `kill-subtree`: sensor → pipe → normalise → attribute → judge → enforcer, evidence before the kill.
 */
export class Watcher {
  readonly stops: StopResult[] = [];
  readonly path: ShippedPath;
  readonly #enforcer: CgroupEnforcer;
  readonly #spool: SegmentSpool;
  readonly #abort = new AbortController();
  #inForce: InForce | undefined;
  #reading: Promise<void> = Promise.resolve();
  #acting: Promise<unknown> = Promise.resolve();
  #instances = 0;

  private constructor(enforcer: CgroupEnforcer, spool: SegmentSpool, watched: string) {
    this.#enforcer = enforcer;
    this.#spool = spool;
    this.path = new ShippedPath({
      // The sensor tells of the whole machine: what is not ours is nobody's, and is never stopped.
      isOurs: (cgroupPath) => cgroupPath.startsWith(`${watched}/`),
      judging: () => this.#inForce,
      onIncident: (incident) => this.#stop(incident),
      spool,
      say: (line) => {
        if (line.type === 'instance' && line.state !== 'exited') this.#instances += 1;
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
    await this.#until(() => true, '');
    if (this.stops.length > 0) throw new Error('the approved service itself was taken for drift');
  }

  async close(): Promise<void> {
    await this.#acting;
    this.#abort.abort();
    await this.#reading;
    this.#enforcer.close();
    await this.#spool.close();
  }

  #stop(incident: Incident): void {
    const { attribution } = this.path.pipeline;
    const instance = attribution.instance(incident.instance.id);
    if (instance === undefined || this.#inForce === undefined) return;
    const act = this.#enforcer.act({
      action: 'kill-subtree',
      incident,
      cgroupPath: instance.cgroupPath,
      culprit: incident.culprit,
      subtree: attribution.subtree(incident.culprit),
      exclusive: attribution.isExclusive(instance),
      deadline: now() + 600_000_000,
    });
    this.#acting = Promise.all([this.#acting, act.then((result) => this.stops.push(result))]);
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
