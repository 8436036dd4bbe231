import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { readCa, readToken } from './access.ts';
import { ApiError, broken, refusal } from './api-error.ts';

export interface ApiOptions {
  /** `https://host:port`. */
  readonly server: string;
  readonly tokenFile: string;
  /** Empty: the authorities of the system. */
  readonly caFile: string;
  /** Without a byte for so long it is given up. */
  readonly idleMs: number;
  /** What has to be allowed, for a person whose server refuses. */
  readonly rights: string;
}

/** What is said in a Status is a sentence or two. */
const maxStatusBytes = 65_536;
const longestRetryMs = 60_000;

/** GET requests to one API server over one connection, which is kept. */
export class ApiClient {
  readonly #options: ApiOptions;
  readonly #agent: Agent;

  /** @throws ApiError when there is nothing to check its certificate against */
  constructor(options: ApiOptions) {
    this.#options = options;
    const ca = readCa(options.caFile);
    this.#agent = new Agent({ keepAlive: true, maxSockets: 2, ...(ca === undefined ? {} : { ca }) });
  }

  /**
   * The body of an answer 200, to be read piece by piece.
   *
   * @param idleMs without a byte of the body for so long it is given up
   * @throws ApiError; `unauthorised` only when the token has not changed meanwhile
   */
  async get(path: string, signal: AbortSignal, idleMs = this.#options.idleMs): Promise<IncomingMessage> {
    const { tokenFile } = this.#options;
    const token = readToken(tokenFile);
    try {
      return await this.#getWith(token, path, signal, idleMs);
    } catch (error) {
      const newToken = readToken(tokenFile);
      if (!(error instanceof ApiError) || error.code !== 'unauthorised' || newToken === token) throw error;
      return await this.#getWith(newToken, path, signal, idleMs);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #getWith(token: string, path: string, signal: AbortSignal, idleMs: number): Promise<IncomingMessage> {
    const answer = await this.#send(path, token, signal, idleMs);
    if (answer.statusCode !== 200) throw await toRefusal(answer, this.#options.rights);
    return answer;
  }

  #send(path: string, token: string, signal: AbortSignal, idleMs: number): Promise<IncomingMessage> {
    const options: RequestOptions = {
      agent: this.#agent,
      signal,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': 'whorl-agent' },
    };
    return new Promise((resolve, reject) => {
      let waiting: { destroy(error: Error): unknown };
      const asked = request(new URL(path, this.#options.server), options, (answer) => {
        waiting = answer;
        asked.setTimeout(idleMs);
        resolve(answer);
      });
      waiting = asked;
      asked.setTimeout(this.#options.idleMs);
      asked.on('timeout', () => waiting.destroy(new ApiError('unreachable', 'it says nothing any more')));
      asked.on('error', (error) => reject(broken(error)));
      asked.end();
    });
  }
}

/** @throws ApiError `too-large`, or when it breaks off */
export async function bodyOf(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer) {
      const bytes = Buffer.from(part);
      size += bytes.length;
      if (size > maxBytes) throw new ApiError('too-large', `it answers more than ${maxBytes} bytes`);
      parts.push(bytes);
    }
  } catch (cause) {
    throw broken(cause);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function toRefusal(answer: IncomingMessage, rights: string): Promise<ApiError> {
  const seconds = Number(answer.headers['retry-after'] ?? 0);
  const retryAfterMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds * 1000), longestRetryMs) : 0;
  // What stands before the API (a proxy, a load balancer) answers in a language of its own.
  const text = await bodyOf(answer, maxStatusBytes).catch(() => '');
  return refusal(answer.statusCode ?? 0, messageOf(text), retryAfterMs, rights);
}

function messageOf(text: string): string {
  try {
    const status: unknown = JSON.parse(text);
    const message =
      typeof status === 'object' && status !== null ? Reflect.get(status, 'message') : undefined;
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}
