import { Agent, type Dispatcher, request } from 'undici';
import { printable } from '../fingerprint/printable.ts';
import { type CollectorPlace, findCollector, type WhereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { networkError, refusal } from './problem-words.ts';

/** The largest answer that is read: a page of 500 incidents of 3 kB, a baseline of 20 000 entries. */
const maxAnswerBytes = 32 << 20;
const timeoutMs = 30_000;
/** As many as the collector hands out at once. */
const pageSize = 500;
/** A server that never ends its list must not fill our memory. */
const maxRows = 100_000;

/** A list is said once for each of its members. */
type Query = Readonly<Record<string, string | readonly string[]>>;

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly query?: Query;
  /** An object goes as JSON; bytes go as they are: what was signed is never written anew. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Until the answer begins; absent: half a minute. */
  readonly timeoutMs?: number;
}

/** The collector's HTTP API, on this machine's socket or over the network. */
export class ApiClient {
  /** Names it in sentences. */
  readonly where: string;
  readonly #origin: string;
  readonly #dispatcher: Dispatcher;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(place: CollectorPlace) {
    const isSocket = place.kind === 'socket';
    this.where = isSocket ? 'the collector' : `the collector at ${place.url}`;
    this.#origin = isSocket ? 'http://collector' : place.url;
    const connect = isSocket
      ? { socketPath: place.path }
      : { timeout: timeoutMs, ...(place.ca === undefined ? {} : { ca: place.ca }) };
    // Without keep-alive: nothing is left open when the command has its answer.
    this.#dispatcher = new Agent({ connect, pipelining: 0 });
    this.#headers = isSocket || place.token === '' ? {} : { authorization: `Bearer ${place.token}` };
  }

  /** @returns the parsed answer. @throws CliError */
  async call(call: ApiCall): Promise<unknown> {
    const { statusCode, body } = await this.#send(call, {
      headersTimeout: call.timeoutMs ?? timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const text = await this.#read(body);
    if (statusCode === 204) return undefined;
    const answer = this.#parse(text);
    if (statusCode < 300) return answer;
    throw refusal(this.where, statusCode, answer);
  }

  /** The rows of every page, `most` of them at the most. @throws CliError */
  async list(path: string, query: Query = {}, most = maxRows): Promise<unknown[]> {
    const rows: unknown[] = [];
    let cursor: string | undefined;
    do {
      const limit = String(Math.min(pageSize, most - rows.length));
      const more = cursor === undefined ? {} : { cursor };
      const page = await this.call({ method: 'GET', path, query: { ...query, limit, ...more } });
      const [items, next] = [memberOf(page, 'items'), memberOf(page, 'next')];
      if (Array.isArray(items)) rows.push(...items);
      cursor = typeof next === 'string' ? next : undefined;
    } while (cursor !== undefined && rows.length < most);
    return rows.slice(0, most);
  }

  /**
   * Every change of state from the moment this resolves on, until the signal aborts or the collector ends.
   * @throws CliError, also while reading
   */
  async follow(signal: AbortSignal): Promise<AsyncGenerator<unknown>> {
    const call: ApiCall = { method: 'GET', path: '/events', headers: { accept: 'application/x-ndjson' } };
    const { statusCode, body } = await this.#send(call, {
      headersTimeout: timeoutMs,
      bodyTimeout: 0,
      signal,
    });
    if (statusCode >= 300) throw refusal(this.where, statusCode, this.#parse(await this.#read(body)));
    return this.#lines(body, signal);
  }

  /**
   * An answer as the bytes it is, in pieces as they are read: of what is longer than memory, or must not be written anew.
   * @throws CliError, also while reading
   */
  async bytes(
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<AsyncGenerator<Uint8Array>> {
    const call: ApiCall = { method: 'GET', path, query };
    const { statusCode, body } = await this.#send(call, {
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    if (statusCode >= 300) throw refusal(this.where, statusCode, this.#parse(await this.#read(body)));
    return this.#pieces(body);
  }

  async *#pieces(body: Dispatcher.ResponseData['body']): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of body) yield part instanceof Uint8Array ? part : Buffer.from(String(part));
    } catch (error) {
      throw networkError(error, this.where);
    }
  }

  async *#lines(body: Dispatcher.ResponseData['body'], signal: AbortSignal): AsyncGenerator<unknown> {
    let rest = '';
    try {
      for await (const part of body.setEncoding('utf8')) {
        const lines = `${rest}${part}`.split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > maxAnswerBytes) throw tooLong(this.where);
        for (const line of lines) if (line !== '') yield this.#parse(line);
      }
    } catch (error) {
      if (!signal.aborted) throw networkError(error, this.where);
    }
  }

  async #send(
    { method, path, query = {}, body, headers = {} }: ApiCall,
    more: { headersTimeout: number; bodyTimeout: number; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const isBytes = body instanceof Uint8Array;
    const type = isBytes ? 'application/octet-stream' : 'application/json';
    const sent = body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) };
    try {
      return await request(`${this.#origin}/api/v1${path}`, {
        method,
        query,
        ...sent,
        headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': type }), ...headers },
        dispatcher: this.#dispatcher,
        ...more,
      });
    } catch (error) {
      throw networkError(error, this.where);
    }
  }

  async #read(body: Dispatcher.ResponseData['body']): Promise<string> {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of body) {
        const bytes = Buffer.from(part);
        size += bytes.length;
        if (size > maxAnswerBytes) throw tooLong(this.where);
        parts.push(bytes);
      }
    } catch (error) {
      throw networkError(error, this.where);
    }
    return Buffer.concat(parts).toString();
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new CliError(
        exitCodes.network,
        `${this.where} answers with something that is not JSON: ${printable(text.slice(0, 80))}`,
        'is it the address of a collector?',
      );
    }
  }
}

/**
 * The collector these options mean.
 * @returns undefined when none runs on this machine's data directory
 * @throws CliError
 */
export async function connectCollector(io: Io, options: WhereOptions): Promise<ApiClient | undefined> {
  const place = await findCollector(io, options);
  return place === undefined ? undefined : new ApiClient(place);
}

function tooLong(where: string): CliError {
  return new CliError(exitCodes.network, `the answer of ${where} is too long`);
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
