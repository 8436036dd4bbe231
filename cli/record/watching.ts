import { hostname } from 'node:os';
import { setInterval, setTimeout as sleep } from 'node:timers/promises';
import { codeBytes } from '../../agent/adapters/code-bytes.ts';
import { readStat, startOf } from '../../agent/adapters/linux/process-proc.ts';
import { procLogins } from '../../agent/adapters/logins-proc.ts';
import { sensorSource } from '../../agent/adapters/source-sensor.ts';
import { procSurroundings } from '../../agent/adapters/surroundings-proc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { createSensorNormaliser, type SensorNormaliser } from '../../agent/core/normalise/sensor.ts';
import { Pipeline } from '../../agent/pipeline.ts';
import type { ContainerRuntime } from '../../agent/ports/containers.ts';
import { SourceError } from '../../agent/ports/source.ts';
import type { Log } from '../../agent/ports.ts';
import type { CoverageWord } from '../../fingerprint/coverage.ts';
import type { Event } from '../../fingerprint/event.ts';
import type { Report } from '../../fingerprint/report.ts';
import { CliError, exitCodes } from '../exit.ts';
import { runCommand } from './run-command.ts';

const tickMs = 200;
/** Building in the kernel's own time: loading and attaching takes a second, ten on a machine that swaps. */
const readyWithinMs = 30_000;
/** The sensor delivers within a quarter of a second; a machine under load takes longer. */
const settleWithinMs = 15_000;
/** The sensor's clock and ours are some milliseconds apart at most (agent/adapters/clock.ts). */
const clocksApartMs = 10;
/** What the sensor may hold back before it tells a gap, and a runtime that is being asked. */
const afterwardsMs = 500;
/** As the agent's own defaults. */
const maxProcesses = 32_768;
const identifySeconds = 5;

export interface WatchingOptions {
  /** Of the sensor. */
  readonly binary: string;
  readonly runtimes: readonly ContainerRuntime[];
  /** µs since boot when watching begins. */
  readonly since: number;
  readonly now: () => number;
  /** What is left out of what is looked at. */
  readonly filter: (events: readonly Event[]) => readonly Event[];
  readonly onReport: (report: Report) => void;
  readonly onGap: (gap: Extract<Event, { kind: 'gap' }>, cgroup: string | undefined) => void;
  readonly onTrouble: (sentence: string) => void;
}

/** The agent's own pipeline on live events, for as long as a command runs. */
export class Watching {
  readonly counters = new Counters();
  readonly #options: WatchingOptions;
  readonly #stop = new AbortController();
  readonly #normaliser = createSensorNormaliser();
  readonly #pipeline: Pipeline;
  /** Paths of cgroups, to tell whose a gap is. */
  readonly #paths = new Map<number, string>();
  #reading: Promise<void> = Promise.resolve();
  #ticking: Promise<void> = Promise.resolve();
  #failed: unknown;

  private constructor(options: WatchingOptions) {
    this.#options = options;
    this.#pipeline = this.#pipelineOf(options);
  }

  /** Resolves when everything that happens from now on is seen. @throws CliError */
  static async start(options: WatchingOptions): Promise<Watching> {
    const watching = new Watching(options);
    watching.#reading = watching.#read().catch((error: unknown) => {
      watching.#failed = error;
    });
    watching.#ticking = watching.#tick();
    try {
      await watching.#ready();
      return watching;
    } catch (error) {
      await watching.stop();
      throw error;
    }
  }

  #pipelineOf({ now, runtimes, since, onReport }: WatchingOptions): Pipeline {
    const self = readStat(process.pid);
    return new Pipeline(
      {
        node: hostname(),
        cluster: 'recorded',
        maxProcesses,
        identifySeconds,
        runtimes,
        surroundings: procSurroundings(),
        bytes: codeBytes({ now }),
        logins: procLogins(),
        own: { trees: [], single: self === undefined ? [] : [{ pid: self.pid, start: startOf(self) }] },
        bootUs: since,
        coverage: () => this.#normaliser.coverage(),
        judging: () => undefined,
        outbox: { put: onReport, flushed: async () => undefined },
        onIncident: () => undefined,
        counters: this.counters,
        now,
        log: this.#log(),
        say: () => undefined,
      },
      this.#stop.signal,
    );
  }

  #log(): Log {
    const tell = (_fields: object, message: string): void => this.#options.onTrouble(message);
    return { info: () => undefined, warn: tell, error: tell };
  }

  async #read(): Promise<void> {
    const { binary, now } = this.#options;
    const source = sensorSource({ binary, ignorePids: [process.pid], now });
    const told = this.#tapped();
    const sink = { bytes: (bytes: Uint8Array) => this.#pipeline.read(bytes, told), note: () => undefined };
    await source.run(sink, this.#stop.signal);
  }

  /** The normaliser, listened to: of gaps the cgroup is needed, which is not told further on. */
  #tapped(): SensorNormaliser {
    const inner = this.#normaliser;
    return {
      note: (note) => inner.note(note),
      coverage: () => inner.coverage(),
      isSettled: () => inner.isSettled(),
      counters: () => inner.counters(),
      push: (bytes, watcher) => {
        if (watcher === undefined) return this.#seen(inner.push(bytes));
        return this.#seen(
          inner.push(bytes, {
            skips: (record) => watcher.skips(record),
            gave: (record, events) => watcher.gave(record, this.#options.filter(this.#seen(events))),
          }),
        );
      },
    };
  }

  #seen<T extends readonly Event[]>(events: T): T {
    for (const event of events) {
      if (event.kind === 'cgroup') this.#paths.set(event.id, event.path);
      else if (event.kind === 'attach' && event.path !== undefined) this.#paths.set(event.to, event.path);
      else if (event.kind === 'gap')
        this.#options.onGap(event, event.cgroup === undefined ? undefined : this.#paths.get(event.cgroup));
    }
    return events;
  }

  async #tick(): Promise<void> {
    try {
      for await (const _ of setInterval(tickMs, undefined, { signal: this.#stop.signal }))
        this.#pipeline.tick(this.#options.now());
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #ready(): Promise<void> {
    await this.#until(() => this.#normaliser.isSettled(), readyWithinMs, 'start');
  }

  /** @throws CliError when the sensor ended, or does not come to it in time */
  async #until(isSo: () => boolean, ms: number, what: string): Promise<void> {
    for (const end = performance.now() + ms; !isSo(); await sleep(20)) {
      if (this.#failed !== undefined) throw sensorEnded(this.#failed);
      if (performance.now() > end)
        throw new CliError(exitCodes.incomplete, `the event sensor does not ${what} within ${ms / 1000} s`);
    }
  }

  /** Kinds that were watched. */
  coverage(): readonly CoverageWord[] {
    return this.#normaliser.coverage();
  }

  /** Takes in all that happened until now, then ends. @throws CliError when the sensor did not last so long */
  async finish(): Promise<void> {
    try {
      await this.#catchUp();
      await sleep(afterwardsMs);
      if (this.#failed !== undefined) throw sensorEnded(this.#failed);
    } finally {
      await this.stop();
    }
    // Later than any second that something could still be held back for.
    this.#pipeline.tick(this.#options.now() + 60_000_000);
    this.#pipeline.tellSupport();
  }

  /** The sensor tells in order of time: when it tells of something we do now, all before it has come. */
  async #catchUp(): Promise<void> {
    const at = this.#options.now();
    await sleep(clocksApartMs);
    await runCommand(['/bin/sh', '-c', ':'], { stdio: 'ignore', env: {} });
    await this.#until(() => this.#pipeline.attribution.happened >= at, settleWithinMs, 'catch up');
  }

  /** Ends without waiting for what is still on its way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#reading, this.#ticking]);
  }
}

function sensorEnded(cause: unknown): CliError {
  const why = cause instanceof SourceError ? cause.message : String(cause);
  return new CliError(
    exitCodes.incomplete,
    `the event sensor failed: ${why}`,
    'whorl doctor says what is missing',
    {
      cause,
    },
  );
}
