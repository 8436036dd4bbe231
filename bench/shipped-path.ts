import { setImmediate } from 'node:timers/promises';
import type { Normaliser } from '../agent/agent-deps.ts';
import { Counters } from '../agent/core/counters.ts';
import { createSensorNormaliser } from '../agent/core/normalise/sensor.ts';
import type { InForce } from '../agent/core/watched.ts';
import { Outbox } from '../agent/outbox.ts';
import { Pipeline } from '../agent/pipeline.ts';
import type { ContainerRuntime } from '../agent/ports/containers.ts';
import type { Spool } from '../agent/ports/uplink.ts';
import type { Log } from '../agent/ports.ts';
import type { StateLine } from '../agent/state-line.ts';
import type { Timing } from '../agent/stop-hand.ts';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import type { Event } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { learn } from '../fingerprint/learn.ts';
import { parseReport } from '../fingerprint/report-json.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import type { Subject } from '../fingerprint/workload.ts';

const subject: Subject = { name: 'registry.example/shop/cart', digest: `sha256:${'5f'.repeat(32)}` };

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Every instance of ours is a copy of the one subject: the container runtime is not what is measured here. */
function runtime(isOurs: (cgroupPath: string) => boolean): ContainerRuntime {
  const { name: image, digest } = subject;
  return {
    name: 'bench',
    identify: async (cgroupPath) =>
      isOurs(cgroupPath) ? { id: cgroupPath, image, digest, owner: 'bench/cart', name: 'main' } : undefined,
  };
}

export interface ShippedPathOptions {
  /** Whose bytes they are; absent: the sensor's. */
  readonly normaliser?: Normaliser;
  /** Which cgroups are the benchmark's copies; absent: all. Nothing else is ever identified. */
  readonly isOurs?: (cgroupPath: string) => boolean;
  /** What judges by now; undefined: everything is learned. */
  readonly judging?: () => InForce | undefined;
  readonly onIncident?: (incident: Incident, timing: Timing) => void;
  /** Where reports go besides `novelties`; absent: nowhere. */
  readonly spool?: Spool;
  readonly say?: (line: StateLine) => void;
}

/** The way of an event through the shipped agent, from the sensor's bytes to what is told: its own parts, wired as it does. */
export class ShippedPath {
  readonly counters = new Counters();
  readonly normaliser: Normaliser;
  readonly pipeline: Pipeline;
  readonly #spool: KeepingSpool;

  constructor(options: ShippedPathOptions = {}) {
    this.normaliser = options.normaliser ?? createSensorNormaliser();
    const { counters, normaliser } = this;
    this.#spool = new KeepingSpool(options.spool);
    this.pipeline = new Pipeline(
      {
        node: 'bench',
        cluster: 'bench',
        maxProcesses: 32_768,
        identifySeconds: 5,
        runtimes: [runtime(options.isOurs ?? (() => true))],
        surroundings: { of: async () => undefined, host: async () => undefined },
        own: { trees: [], single: [] },
        bootUs: 0,
        coverage: () => normaliser.coverage(),
        judging: options.judging ?? (() => undefined),
        outbox: new Outbox({ spool: this.#spool, uplink: undefined, counters, log: silent }),
        onIncident: options.onIncident ?? (() => undefined),
        counters,
        now: () => Date.now() * 1000,
        log: silent,
        say: options.say ?? (() => undefined),
      },
      new AbortController().signal,
    );
  }

  /** As the agent reads its source. */
  read(bytes: Uint8Array): void {
    this.pipeline.read(bytes, this.normaliser);
  }

  /** The same without the short cut for raw records: every record becomes an event and takes the long way. */
  readTheLongWay(bytes: Uint8Array): void {
    this.pipeline.take(this.normaliser.push(bytes));
  }

  /** Resolves when the runtime has answered for every instance met so far. */
  async identified(): Promise<void> {
    for (let i = 0; i < 10; i++) await setImmediate();
    this.pipeline.tick(0);
  }

  /** The behaviours that were new, in the order they came. */
  novelties(): Behaviour[] {
    return this.#spool.records.flatMap((bytes) => {
      const report = parseReport(parseJson(bytes));
      return report.type === 'novelty' ? [report.behaviour] : [];
    });
  }
}

/** Learns `recording` through the shipped path. */
export async function learnRecording(recording: readonly Uint8Array[]): Promise<InForce> {
  const path = new ShippedPath();
  for (const bytes of recording) {
    path.read(bytes);
    await path.identified();
  }
  return inForceFrom(path);
}

/** What the path has learned so far, as a fingerprint in force. The signature is not what is measured here. */
export function inForceFrom(path: ShippedPath): InForce {
  const baseline = learn(subject, path.novelties(), {
    coverage: path.normaliser.coverage(),
    observation: {
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T01:00:00Z',
      source: 'sensor',
      events: path.counters.get('events'),
      lost: 0,
      instances: [],
    },
  });
  const approval = { fingerprint: 'sha256:bench', version: 1, signedBy: 'bench', maxMode: 'kill' } as const;
  return { index: indexBehaviour(baseline), approval };
}

/** The events of a recording, for encoding them another way. */
export function eventsOf(recording: readonly Uint8Array[]): Event[] {
  const normaliser = createSensorNormaliser();
  return recording.flatMap((bytes) => [...normaliser.push(bytes)]);
}

/** Keeps a copy of every report, and hands it on to the real spool where there is one. */
class KeepingSpool implements Spool {
  readonly records: Uint8Array[] = [];
  readonly #inner: Spool | undefined;

  constructor(inner: Spool | undefined) {
    this.#inner = inner;
  }
  append(record: Uint8Array): number | undefined {
    const seq = this.records.push(record);
    return this.#inner === undefined ? seq : this.#inner.append(record);
  }
  async flush(): Promise<void> {
    await this.#inner?.flush();
  }
  async after(seq: number, max: number): ReturnType<Spool['after']> {
    return (await this.#inner?.after(seq, max)) ?? [];
  }
  async ack(seq: number): Promise<void> {
    await this.#inner?.ack(seq);
  }
  stats(): ReturnType<Spool['stats']> {
    return this.#inner?.stats() ?? { records: this.records.length, bytes: 0, dropped: 0 };
  }
  async close(): Promise<void> {
    await this.#inner?.close();
  }
}
