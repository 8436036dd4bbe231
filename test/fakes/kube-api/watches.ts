import type { ServerResponse } from 'node:http';
import type { Change, KubeObject, ObjectStore } from './object-store.ts';
import { type Selection, seen } from './selection.ts';
import { gone } from './status.ts';

/** The watches under way: one line of JSON for each change, in chunks, until their time is over. */
export class Watches {
  readonly #store: ObjectStore;
  readonly #open = new Set<ServerResponse>();

  constructor(store: ObjectStore) {
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
      for (const one of this.#store.all().filter(selection)) say(answer, 'ADDED', this.#whole(one));
    const tell = (change: Change): void => {
      const told = seen(change, selection);
      if (told !== undefined) say(answer, told.type, this.#whole(told.object));
    };
    for (const change of version === 0 ? [] : this.#store.since(version)) tell(change);
    const stop = this.#store.listen(tell);
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
    const { name: kind } = this.#store.kind;
    const spec = kind === 'Pod' ? { containers: null } : {};
    const object = { kind, apiVersion: 'v1', metadata, spec, status: {} };
    for (const answer of this.#open) say(answer, 'BOOKMARK', object);
  }

  /** Whatever a test wants to have said, also what no API server says. */
  say(raw: string | Uint8Array): void {
    for (const answer of this.#open) answer.write(raw);
  }

  end(): void {
    for (const answer of this.#open) answer.end();
  }

  #whole(object: KubeObject): object {
    return whole(this.#store.kind.name, object);
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
export function whole(kind: string, object: KubeObject): object {
  return { kind, apiVersion: 'v1', ...object };
}
