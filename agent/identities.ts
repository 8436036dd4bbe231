import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerRef } from '../fingerprint/event.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Counters } from './core/counters.ts';
import type { InstanceRecord } from './core/instances.ts';
import { workloadOf } from './core/workload-of.ts';
import type { ContainerRuntime, Log } from './ports.ts';

/** Questions under way at once: a node's 100 containers at agent start must not all hash their entrypoints together. */
const maxAsking = 8;
const firstRetryMs = 50;
/** A runtime that was away may be back; until then the instance is counted as unknown. */
const laterRetryMs = 30_000;

export interface IdentitiesOptions {
  readonly runtimes: readonly ContainerRuntime[];
  readonly cluster: string;
  /** How long behaviours wait for an answer before they are counted as unjudged. */
  readonly patienceMs: number;
  readonly counters: Counters;
  readonly log: Log;
  readonly onKnown: (instance: InstanceRecord, workload: Workload) => void;
  readonly onUnknown: (instance: InstanceRecord, reason: string) => void;
}

type Answer =
  | { readonly kind: 'workload'; readonly workload: Workload; readonly ref: ContainerRef }
  | { readonly kind: 'nobody'; readonly reason: string }
  | { readonly kind: 'broken'; readonly cause: unknown };

/** Asks the runtimes, in order, whose an instance is. Each instance is asked for until it is known or gone. */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #signal: AbortSignal;
  readonly #queue: InstanceRecord[] = [];
  #asking = 0;

  constructor(options: IdentitiesOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  ask(instance: InstanceRecord): void {
    this.#queue.push(instance);
    this.#next();
  }

  #next(): void {
    if (this.#asking >= maxAsking) return;
    const instance = this.#queue.shift();
    if (instance === undefined) return;
    this.#asking += 1;
    void this.#settle(instance).finally(() => {
      this.#asking -= 1;
      this.#next();
    });
  }

  async #settle(instance: InstanceRecord): Promise<void> {
    const { patienceMs, onKnown, onUnknown, log, counters } = this.#options;
    let waited = 0;
    for (let wait = firstRetryMs; !this.#signal.aborted; wait *= 2) {
      const answer = await this.#once(instance);
      if (answer.kind === 'workload') {
        instance.container ??= answer.ref;
        return onKnown(instance, answer.workload);
      }
      if (answer.kind === 'nobody') return onUnknown(instance, answer.reason);
      if (waited + wait > patienceMs) {
        counters.add('identify.failed');
        log.warn({ instance: instance.id, err: answer.cause }, 'container runtime does not answer');
        onUnknown(instance, 'the container runtime does not answer');
        return this.#later(instance);
      }
      waited += wait;
      await sleep(wait, undefined, { signal: this.#signal, ref: false }).catch(() => undefined);
    }
  }

  async #once(instance: InstanceRecord): Promise<Answer> {
    const { first } = instance;
    if (first === undefined) return { kind: 'nobody', reason: 'it has no process' };
    try {
      for (const runtime of this.#options.runtimes) {
        const ref = await runtime.identify(instance.cgroupPath, first);
        if (ref === undefined) continue;
        const workload = workloadOf(ref, instance, this.#options.cluster);
        return workload === undefined
          ? { kind: 'nobody', reason: `${runtime.name} knows no digest of its image` }
          : { kind: 'workload', workload, ref };
      }
      return { kind: 'nobody', reason: 'no runtime knows it' };
    } catch (cause) {
      return { kind: 'broken', cause };
    }
  }

  #later(instance: InstanceRecord): void {
    void sleep(laterRetryMs, undefined, { signal: this.#signal, ref: false }).then(
      () => {
        if (instance.state !== 'exited') this.ask(instance);
      },
      () => undefined,
    );
  }
}
