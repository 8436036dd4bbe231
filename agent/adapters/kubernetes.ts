import type { ObjectSink, ObjectSource } from '../ports/containers.ts';
import { ApiClient, type ApiOptions } from './kubernetes/api-client.ts';
import { type ApiError, broken } from './kubernetes/api-error.ts';
import { type Listed, namespacesWith, podsOn } from './kubernetes/listed.ts';
import { atTheBeginning, ObjectStream, type Position } from './kubernetes/object-stream.ts';
import { backoffMs, sleep } from './retry/backoff.ts';

export interface KubernetesOptions extends Omit<ApiOptions, 'idleMs' | 'rights'> {
  /** 0 … 1 */
  readonly random: () => number;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** Without a byte of an answer for so long it is given up; default 10 000. */
  readonly idleMs?: number;
}

/** As long as a connection that broke without a word may go unnoticed: four to five minutes, so that nodes spread. */
const shortestWatch = 240;
const watchSpread = 60;
/** A server that ends each watch at once must not be asked without a pause. */
const shortUs = 1_000_000;
/** Failures in a row after which also what usually mends itself is worth telling. */
const worthTelling = 3;

/**
 * The pods of this node: listed, then followed. Comes back by itself, with growing pauses.
 *
 * @param node its name in the API
 */
export function kubernetesPods(node: string, options: KubernetesOptions): ObjectSource {
  return followed(podsOn(node), options);
}

/** The same of the namespaces that bear a label, whatever it says. */
export function kubernetesNamespaces(label: string, options: KubernetesOptions): ObjectSource {
  return followed(namespacesWith(label), options);
}

function followed(listed: Listed, options: KubernetesOptions): ObjectSource {
  return { run: (sink, signal) => new Following(listed, options, sink, signal).run() };
}

interface Session {
  /** It told everything and went on to tell of changes. */
  readonly opened: boolean;
  /** Undefined: the server ended it, as it does. */
  readonly error: ApiError | undefined;
}

class Following {
  readonly #listed: Listed;
  readonly #options: KubernetesOptions;
  readonly #sink: ObjectSink;
  readonly #signal: AbortSignal;
  readonly #at: Position = atTheBeginning();
  #failures = 0;

  constructor(listed: Listed, options: KubernetesOptions, sink: ObjectSink, signal: AbortSignal) {
    this.#listed = listed;
    this.#options = options;
    this.#sink = sink;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { now, random } = this.#options;
    while (!this.#signal.aborted) {
      const startedAt = now();
      const { opened, error } = await this.#session();
      if (this.#signal.aborted) return;
      const wasGood = opened && now() - startedAt >= shortUs;
      this.#failures = wasGood ? 0 : this.#failures + 1;
      if (error !== undefined) this.#failed(error, opened);
      // Also after a long watch that broke: all nodes lose one server in the same moment.
      const pause = wasGood && error === undefined ? 0 : backoffMs(this.#failures, random());
      await sleep(Math.max(pause, error?.retryAfterMs ?? 0), this.#signal);
    }
  }

  /** One connection: certificate and address are looked up anew with each. */
  async #session(): Promise<Session> {
    const { random, idleMs = 10_000 } = this.#options;
    let client: ApiClient | undefined;
    let opened = false;
    try {
      client = new ApiClient({ ...this.#options, idleMs, rights: this.#listed.rights });
      const stream = new ObjectStream(client, this.#listed, this.#sink);
      if (this.#at.version === undefined) await stream.list(this.#at, this.#signal);
      const seconds = shortestWatch + Math.floor(random() * watchSpread);
      await stream.watch(this.#at, seconds, this.#signal, () => {
        opened = true;
        this.#sink.reached();
      });
      return { opened, error: undefined };
    } catch (cause) {
      return { opened, error: broken(cause) };
    } finally {
      client?.close();
    }
  }

  #failed(error: ApiError, opened: boolean): void {
    const { code, message } = error;
    if (code === 'expired' || code === 'too-large') listAnew(this.#at, code);
    // A watch that breaks, or can go on from nowhere, is mended by the next connection.
    if (this.#failures >= worthTelling || (!opened && code !== 'expired'))
      this.#sink.away(`the Kubernetes API at ${this.#options.server}: ${message}`);
  }
}

/** What is too old for one server may be all that another has in its memory; and from memory all comes in one answer. */
function listAnew(at: Position, why: 'expired' | 'too-large'): void {
  at.version = undefined;
  at.isMemoryFine = false;
  if (why === 'too-large') at.pageSize = Math.max(1, Math.floor(at.pageSize / 8));
}
