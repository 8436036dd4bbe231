import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from '../fingerprint/workload.ts';
import type { Counters } from './core/counters.ts';
import type { InstanceRecord } from './core/instances.ts';
import { inItsPod, podQuestion } from './core/kubernetes/in-its-pod.ts';
import { workloadOf } from './core/workload-of.ts';
import type { Pods } from './pods.ts';
import type { ContainerRuntime, RunningContainer } from './ports/containers.ts';
import type { SurroundingsReader } from './ports/state-view.ts';
import type { Log } from './ports.ts';

/** Questions under way at once: a node's 100 containers at agent start must not all hash their entrypoints together. */
const maxAsking = 8;
const firstRetryMs = 50;
/** A runtime that was away may be back; until then the instance is counted as unknown. */
const laterRetryMs = 30_000;
/** An entrypoint script executes its server within this; who is known by the entrypoint's bytes is then the server. */
const settleMs = 250;

export interface IdentitiesOptions {
  readonly runtimes: readonly ContainerRuntime[];
  readonly surroundings: SurroundingsReader;
  /** What the Kubernetes API tells of pods; absent where nobody asks it. */
  readonly pods?: Pods;
  readonly cluster: string;
  /** How long behaviours wait for an answer before they are counted as unjudged. */
  readonly patienceMs: number;
  /** What the instance's first process executed last, to see that it became something else meanwhile. */
  readonly imageOf: (instance: InstanceRecord) => unknown;
  readonly counters: Counters;
  readonly log: Log;
  readonly onKnown: (instance: InstanceRecord, workload: Workload) => void;
  readonly onUnknown: (instance: InstanceRecord, reason: string) => void;
  /** It went on under what its runtime told, known or unknown, and its pod is told of only now. */
  readonly onCorrected: (instance: InstanceRecord, workload: Workload) => void;
}

interface Told {
  readonly ref: RunningContainer;
  /** Who said so. */
  readonly runtime: string;
}

type Answer =
  | ({ readonly kind: 'told' } & Told)
  | { readonly kind: 'nobody'; readonly reason: string }
  | { readonly kind: 'broken'; readonly cause: unknown };

/**
 * Asks the runtimes, in order, whose an instance is, and the Kubernetes API whose its pod is. Each instance is asked for
 * until it is known or gone.
 */
export class Identities {
  readonly #options: IdentitiesOptions;
  readonly #signal: AbortSignal;
  readonly #queue: InstanceRecord[] = [];
  /** Those that are in a pod nobody has told of yet: as many as run, at most. */
  readonly #withoutPod = new Map<InstanceRecord, Told>();
  #asking = 0;

  constructor(options: IdentitiesOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    options.pods?.onChange(() => this.#correct());
  }

  /** How many went on under what their runtime tells, because nothing tells of their pods. */
  get withoutPod(): number {
    return this.#withoutPod.size;
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
    const { patienceMs, onUnknown } = this.#options;
    let waited = 0;
    for (let wait = firstRetryMs; !this.#signal.aborted; wait *= 2) {
      const image = this.#options.imageOf(instance);
      const answer = await this.#once(instance);
      const hasPatience = waited + wait <= patienceMs;
      if (answer.kind === 'broken') {
        if (!hasPatience) return this.#giveUp(instance, answer.cause);
        await this.#pause(wait);
      } else if (!hasPatience || !(await this.#isMoving(instance, answer, image))) {
        if (answer.kind === 'nobody') return onUnknown(instance, answer.reason);
        // Not waited for here: who asks for a pod must not keep others from asking their runtime.
        void this.#introduce(instance, answer, patienceMs - waited);
        return;
      }
      waited += wait;
    }
  }

  /** The owner is known before the first message about it goes out, if it becomes known in time at all. */
  async #introduce(instance: InstanceRecord, told: Told, patienceMs: number): Promise<void> {
    const { pods, cluster, counters, onKnown, onUnknown } = this.#options;
    const question = pods === undefined ? undefined : podQuestion(told.ref, instance);
    const isInPod = pods !== undefined && question !== undefined;
    const found = isInPod ? await pods.when(question, patienceMs, this.#signal) : undefined;
    if (this.#signal.aborted) return;
    const ref = found === undefined ? told.ref : inItsPod(told.ref, found);
    const workload = workloadOf(ref, instance, cluster);
    if (workload !== undefined) await this.#takeOver(instance, ref);
    if (workload !== undefined) onKnown(instance, workload);
    else onUnknown(instance, `${told.runtime} knows no digest of its image`);
    if (!isInPod || found !== undefined) return;
    counters.add('identify.without-pod');
    this.#withoutPod.set(instance, told);
    // It may have been told of meanwhile.
    this.#correct();
  }

  /**
   * Pods that are told of only now. Who an instance is changes with it, and so does what judges it: what was learned or
   * told under the name without an owner stays there, and nothing of it passes to the owner.
   */
  #correct(): void {
    for (const [instance, { ref }] of this.#withoutPod) {
      if (instance.state === 'exited') this.#withoutPod.delete(instance);
      const question = podQuestion(ref, instance);
      const found = question === undefined ? undefined : this.#options.pods?.of(question);
      if (found === undefined || !this.#withoutPod.delete(instance)) continue;
      void this.#reintroduce(instance, inItsPod(ref, found));
    }
  }

  async #reintroduce(instance: InstanceRecord, ref: RunningContainer): Promise<void> {
    const workload = workloadOf(ref, instance, this.#options.cluster);
    if (workload === undefined) return;
    await this.#takeOver(instance, ref);
    if (instance.state === 'exited') return;
    this.#options.counters.add('identify.corrected');
    this.#options.onCorrected(instance, workload);
  }

  /** What the runtime says goes before what the event source said: only it knows of probes and commands. */
  async #takeOver(instance: InstanceRecord, ref: RunningContainer): Promise<void> {
    instance.container = { ...instance.container, ...ref };
    instance.podImages = ref.podImages ?? [];
    await this.#lookAround(instance);
  }

  /** Again, at what runs on the host: its resolvers change with its network. A container's are the runtime's, once. */
  async lookAgain(instances: Iterable<InstanceRecord>): Promise<void> {
    const host = await this.#options.surroundings.host();
    for (const instance of instances) {
      if (instance.owner.kind === 'container') continue;
      await this.#lookAround(instance);
      instance.surroundings ??= host;
    }
  }

  async #lookAround(instance: InstanceRecord): Promise<void> {
    const { first } = instance;
    instance.surroundings = first === undefined ? undefined : await this.#options.surroundings.of(first);
  }

  /** An image's name stays; bytes of an entrypoint that starts something else in its place were asked too early. */
  async #isMoving(instance: InstanceRecord, answer: Answer, image: unknown): Promise<boolean> {
    if (instance.state === 'found' || (answer.kind === 'told' && answer.ref.image !== undefined))
      return false;
    await this.#pause(settleMs);
    return instance.live > 0 && this.#options.imageOf(instance) !== image;
  }

  #giveUp(instance: InstanceRecord, err: unknown): void {
    const { counters, log, onUnknown } = this.#options;
    counters.add('identify.failed');
    log.warn({ instance: instance.id, err }, 'container runtime does not answer');
    onUnknown(instance, 'the container runtime does not answer');
    this.#later(instance);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#signal, ref: false }).catch(() => undefined);
  }

  async #once(instance: InstanceRecord): Promise<Answer> {
    const { first } = instance;
    if (first === undefined) return { kind: 'nobody', reason: 'it has no process' };
    try {
      for (const runtime of this.#options.runtimes) {
        const ref = await runtime.identify(instance.cgroupPath, first);
        if (ref !== undefined) return { kind: 'told', ref, runtime: runtime.name };
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
