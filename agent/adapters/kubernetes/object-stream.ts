import type { ObjectSink } from '../../ports/containers.ts';
import { isObject } from '../oci/json.ts';
import { type ApiClient, bodyOf } from './api-client.ts';
import { ApiError, broken, refusal } from './api-error.ts';
import { Lines } from './lines.ts';
import type { Listed } from './listed.ts';

/** 110 usual pods are some 2 MB; one object can be 3 MB at most, with all that its makers may put into it. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** What kubelet runs usually fits into one page. */
const pageSize = 128;
/** A page holds one object at least, and the agent keeps no more pods than this. */
const maxPages = 1_024;

/** Where to go on from. */
export interface Position {
  /** Opaque; undefined: everything has to be listed. */
  version: string | undefined;
  /** Whether the list may come from the server's own memory, a moment old: cheap for it, and refused to nobody. */
  isMemoryFine: boolean;
  /** Objects to a page: fewer after an answer that was too large. */
  pageSize: number;
}

export function atTheBeginning(): Position {
  return { version: undefined, isMemoryFine: true, pageSize };
}

/** Lists objects of one kind and follows their changes. */
export class ObjectStream {
  readonly #client: ApiClient;
  readonly #listed: Listed;
  readonly #sink: ObjectSink;

  constructor(client: ApiClient, listed: Listed, sink: ObjectSink) {
    this.#client = client;
    this.#listed = listed;
    this.#sink = sink;
  }

  /** All there are; `at` stands behind them when it returns. @throws ApiError */
  async list(at: Position, signal: AbortSignal): Promise<void> {
    this.#sink.begin();
    let next = '';
    for (let page = 0; page < maxPages; page += 1) {
      const query = next === '' ? this.#firstPage(at) : { continue: next };
      const answer = await this.#client.get(this.#path({ ...query, limit: String(at.pageSize) }), signal);
      const { version, more, objects } = toPage(await bodyOf(answer, maxAnswerBytes), this.#listed);
      this.#sink.page(objects);
      if (more === '') {
        this.#sink.complete();
        at.version = version;
        return;
      }
      next = more;
    }
    throw new ApiError('unexpected', `it tells of more ${this.#listed.plural} than ${maxPages} pages hold`);
  }

  #firstPage(at: Position): Readonly<Record<string, string>> {
    return at.isMemoryFine ? { resourceVersion: '0' } : {};
  }

  /**
   * What happens from `at` on, until the server ends the stream, as it does after `seconds`.
   *
   * @param onOpen it is listening from here on
   * @throws ApiError; `expired` when `at` is too old to go on from
   */
  async watch(at: Position, seconds: number, signal: AbortSignal, onOpen: () => void): Promise<void> {
    const query = {
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: at.version ?? '',
      timeoutSeconds: String(seconds),
    };
    const answer = await this.#client.get(this.#path(query), signal, (seconds + 15) * 1000);
    onOpen();
    const lines = new Lines(maxAnswerBytes);
    try {
      for await (const piece of answer)
        for (const line of lines.push(Buffer.from(piece))) this.#take(line, at);
    } catch (cause) {
      throw broken(cause);
    }
  }

  #take(line: string, at: Position): void {
    const change = parsed(line);
    const object = isObject(change) ? change.object : undefined;
    if (!isObject(change) || !isObject(object))
      throw new ApiError('unexpected', 'it tells of changes in an unknown form');
    switch (change.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#sink.set(object);
        break;
      case 'DELETED':
        this.#sink.remove(object);
        break;
      case 'BOOKMARK':
        break;
      case 'ERROR':
        throw refusal(
          typeof object.code === 'number' ? object.code : 0,
          textOf(object.message),
          0,
          this.#listed.rights,
        );
      default:
        throw new ApiError('unexpected', 'it tells of a kind of change that is not known');
    }
    const version = isObject(object.metadata) ? textOf(object.metadata.resourceVersion) : '';
    if (version !== '') at.version = version;
  }

  #path(query: Readonly<Record<string, string>>): string {
    const { path, query: selecting } = this.#listed;
    return `${path}?${new URLSearchParams({ ...selecting, ...query })}`;
  }
}

interface Page {
  readonly objects: readonly unknown[];
  readonly version: string;
  /** Where the next page begins; empty: there is none. */
  readonly more: string;
}

function toPage(text: string, { kind, plural }: Listed): Page {
  const list = parsed(text);
  const metadata = isObject(list) ? list.metadata : undefined;
  if (!isObject(list) || list.kind !== kind || !isObject(metadata))
    throw new ApiError('unexpected', `it answers with something else than a list of ${plural}`);
  const { items } = list;
  // None at all are written as null by old servers.
  const objects = Array.isArray(items) ? items : [];
  return { objects, version: textOf(metadata.resourceVersion), more: textOf(metadata.continue) };
}

function parsed(text: string): unknown {
  try {
    // Nothing here is signed: the strict reader would take ten times as long over a node's list, and the loop with it.
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError('unexpected', 'it answers with something that is no JSON', { cause });
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
