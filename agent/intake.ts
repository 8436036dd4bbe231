import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { AgentDeps, Normaliser } from './agent-deps.ts';
import type { Attribution } from './core/attribution.ts';
import type { Counters } from './core/counters.ts';
import { Lag } from './core/lag.ts';
import type { Pipeline } from './pipeline.ts';
import type { SourceSink } from './ports/source.ts';
import type { SourceNote } from './ports.ts';
import { readSource } from './source-loop.ts';
import { SourceState, type SourceStatus } from './source-state.ts';

/**
 * Ten times a second while events come: within three of them a flood is held back, long before a source would stop its
 * node. Never sooner: of a millisecond in which something is judged it would seem that there is no time for anything else.
 * In silence the tick looks; a timer of its own would cost an idle agent half of what it takes.
 */
const loadUs = 100_000;

interface IntakeParts
  extends Pick<AgentDeps, 'source' | 'normaliser' | 'utilisation' | 'session' | 'now' | 'log' | 'say'> {
  readonly node: string;
  readonly pipeline: Pick<Pipeline, 'read' | 'take' | 'load' | 'sawGap'> & {
    readonly attribution: Pick<Attribution, 'happened' | 'sourceRestarted'>;
  };
  readonly counters: Counters;
}

/**
 * What the source delivers, on its way into the pipeline: whether it is there, how far behind it tells, and how busy it
 * keeps us. Times in µs since the Unix epoch.
 */
export class Intake {
  /** The source has told everything that was there before it. */
  readonly ready: Promise<void>;
  readonly #parts: IntakeParts;
  readonly #state: SourceState;
  readonly #lag = new Lag();
  readonly #settled: () => void;
  #normaliser: Normaliser;
  #isReady = false;
  #weighedAt = 0;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#state = new SourceState(parts.source.name, parts.now());
    this.#normaliser = parts.normaliser();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#settled = resolve;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether what happened is still on its way here. */
  get isBehind(): boolean {
    return this.#lag.isBehind(this.#parts.now());
  }

  get status(): SourceStatus {
    return this.#state.status(this.#parts.now());
  }

  coverage(): readonly CoverageWord[] {
    return this.#normaliser.coverage();
  }

  counters(): Readonly<Record<string, number>> {
    return this.#normaliser.counters();
  }

  /** @throws SourceError when the source cannot start at all */
  async run(signal: AbortSignal): Promise<void> {
    const { source, log, counters, now, normaliser, pipeline, say } = this.#parts;
    const onEnded = (reason: string, isWedged: boolean): void => {
      counters.add('source.restarts');
      this.#away(this.#state.ended(now(), reason, isWedged), now());
      this.#normaliser = normaliser();
      pipeline.attribution.sourceRestarted();
      say({ type: 'source', ...this.status });
    };
    const sink: SourceSink = {
      bytes: (bytes, receivedAt) => this.#take(bytes, receivedAt),
      note: (note) => this.#heard(note),
    };
    await readSource({ source, log, sink, onEnded }, signal);
  }

  /** Looks how busy we are, if the last look is long enough ago. */
  weigh(now: number): void {
    // A clock that is set back counts as time gone by.
    if (Math.abs(now - this.#weighedAt) < loadUs) return;
    this.#weighedAt = now;
    this.#parts.pipeline.load(this.#parts.utilisation());
  }

  #take(bytes: Uint8Array, receivedAt: number): void {
    this.#came(receivedAt);
    this.weigh(receivedAt);
    const { pipeline } = this.#parts;
    const before = pipeline.attribution.happened;
    pipeline.read(bytes, this.#normaliser);
    const { happened } = pipeline.attribution;
    if (happened > before) this.#lag.told(happened, receivedAt);
    this.#lookWhetherReady();
  }

  #heard(note: SourceNote): void {
    this.#came(this.#parts.now(), note);
    this.#parts.pipeline.take(this.#normaliser.note(note));
    this.#lookWhetherReady();
  }

  #came(at: number, note?: SourceNote): void {
    const unseenSince = this.#state.came(at, note);
    if (unseenSince === undefined) return;
    this.#away(unseenSince, at);
    const { status } = this;
    if (status.state !== 'away') this.#parts.say({ type: 'source', ...status });
  }

  #away(since: number, until: number): void {
    this.#parts.pipeline.sawGap(since, until, 'the event source was away');
  }

  #lookWhetherReady(): void {
    if (this.#isReady || !this.#normaliser.isSettled()) return;
    this.#isReady = true;
    this.#settled();
    const { node, say, source, session } = this.#parts;
    say({ type: 'agent-ready', node, session, source: source.name, coverage: this.coverage() });
  }
}
