import type { ServerResponse } from 'node:http';
import type { Pod, PodStore } from './pod-store.ts';
import { type Selection, seen } from './selection.ts';
import { gone } from './status.ts';

/** The watches under way: one line of JSON for each change, in chunks, until their time is over. */
export class Watches {
  readonly #store: PodStore;
  readonly #open = new Set<ServerResponse>();

  constructor(store: PodStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#open.size;
  }

  start(query: URLSearchParams, selection: Selection, answer: ServerResponse): void {
    answer.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    answer.flushHeaders();
    const version = Number(query.get('resourceVersion') ?? 0);
    if (version > 0 && version < this.#store.oldest) {
      say(answer, 'ERROR', gone(version, this.#store.oldest));
      answer.end();
      return;
    }
    if (version === 0)
      for (const pod of this.#store.all().filter(selection)) say(answer, 'ADDED', whole(pod));
    for (const change of version === 0 ? [] : this.#store.since(version)) {
      const type = seen(change, selection);
      if (type !== undefined) say(answer, type, whole(change.pod));
    }
    const stop = this.#store.listen((change) => {
      const type = seen(change, selection);
      if (type !== undefined) say(answer, type, whole(change.pod));
    });
    const seconds = Number(query.get('timeoutSeconds') ?? 1800);
    const end = setTimeout(() => answer.end(), seconds * 1000);
    this.#open.add(answer);
    answer.on('close', () => {
      clearTimeout(end);
      stop();
      this.#open.delete(answer);
    });
  }

  /** As each minute, to those that asked for it. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null };
    const pod = { kind: 'Pod', apiVersion: 'v1', metadata, spec: { containers: null }, status: {} };
    for (const answer of this.#open) say(answer, 'BOOKMARK', pod);
  }

  /** Whatever a test wants to have said, also what no API server says. */
  say(raw: string | Uint8Array): void {
    for (const answer of this.#open) answer.write(raw);
  }

  end(): void {
    for (const answer of this.#open) answer.end();
  }

  /** The connection is reset. */
  drop(): void {
    for (const answer of this.#open) answer.destroy();
  }
}

function say(answer: ServerResponse, type: string, object: object): void {
  answer.write(`${JSON.stringify({ type, object })}\n`);
}

/** Alone, an object says what it is; in a list it does not. */
export function whole(pod: Pod): object {
  return { kind: 'Pod', apiVersion: 'v1', ...pod };
}
