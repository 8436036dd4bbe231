import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { flatten, readBody, retryAfter } from './answer.ts';
import { RegistryError } from './errors.ts';
import { isTransient, networkError } from './network-error.ts';
import { isLoopback } from './reference.ts';
import type { RegistrySettings } from './settings.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Sent to the host of `url` and to no other. */
  readonly authorization?: string;
  /** A longer answer is given up before it is read. */
  readonly maxBytes: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Where it came from in the end. */
  readonly url: URL;
}

/** A registry that does not take a connection in this time is not there. */
const connectMs = 10_000;
/** Between two pieces of an answer. */
const idleMs = 30_000;
/** For a whole answer: a registry that drips must not hold a pipeline for ever. */
const totalMs = 120_000;
const maxTries = 4;
/** A request may take so long without anybody being slow … */
const briskMs = 5_000;
/** … and all the rest of all requests together so much: a list of hundreds that drip is no reason to wait for days. */
const maxSlowMs = 600_000;
const firstPauseMs = 300;
/** A registry that asks for a longer pause than a person waits for is told of instead. */
const maxPauseMs = 30_000;
const maxRedirects = 5;

/** HTTP with the proxy, the certificates, the patience and the mistrust that registries need. */
export class Transport {
  readonly #dispatcher: Dispatcher;
  readonly #direct: Dispatcher;
  readonly #settings: RegistrySettings;
  #slowMs = 0;

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
    const { env } = settings;
    const trusted = certificates(settings);
    const tls = trusted === undefined ? {} : { ca: trusted };
    const common = {
      connect: { ...tls, timeout: connectMs },
      requestTls: { ...tls, timeout: connectMs },
      proxyTls: { ...tls, timeout: connectMs },
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
    };
    this.#dispatcher = proxied(env, common);
    this.#direct = new EnvHttpProxyAgent({ ...common, httpProxy: '', httpsProxy: '', noProxy: '*' });
  }

  async close(): Promise<void> {
    await Promise.all([this.#dispatcher.close(), this.#direct.close()]);
  }

  /** Redirects of reads are followed; the login stays with the host it was for. */
  async send(first: HttpRequest): Promise<HttpAnswer> {
    let current = first;
    for (let hops = 0; hops <= maxRedirects; hops++) {
      const answer = await this.#patiently(current);
      const location = answer.headers.location;
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined)
        return answer;
      current = redirected(current, location);
    }
    throw new RegistryError(
      'REGISTRY_REDIRECT',
      `${first.url.host} sends from one place to the next without end`,
    );
  }

  async #patiently(sent: HttpRequest): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#timed(sent).catch((error: unknown) => {
        const told = networkError(error, sent.url.host);
        if (attempt >= maxTries || !isTransient(told)) throw told;
        if (told.code === 'REGISTRY_TIMEOUT') this.#settings.say(`${told.message}, trying again`);
        return told;
      });
      const pause = this.#pauseAfter(outcome, attempt);
      if (!(outcome instanceof RegistryError) && (pause === undefined || attempt >= maxTries)) return outcome;
      await this.#settings.wait(pause ?? 0);
    }
  }

  /** Undefined when the answer is one to go on with. */
  #pauseAfter(outcome: HttpAnswer | RegistryError, attempt: number): number | undefined {
    const ours = firstPauseMs * 2 ** (attempt - 1) * (0.5 + this.#settings.random());
    if (outcome instanceof RegistryError) return ours;
    if (outcome.status !== 429 && outcome.status < 500) return undefined;
    if (outcome.status === 501) return undefined;
    const asked = retryAfter(outcome.headers['retry-after']);
    if (asked !== undefined && asked > maxPauseMs) return undefined;
    const pause = Math.max(ours, asked ?? 0);
    if (pause >= 1000)
      this.#settings.say(`${outcome.url.host} is busy, trying again in ${Math.ceil(pause / 1000)} s`);
    return pause;
  }

  async #timed(sent: HttpRequest): Promise<HttpAnswer> {
    const began = this.#settings.now();
    if (this.#slowMs > maxSlowMs)
      throw new RegistryError('REGISTRY_BUSY', `${sent.url.host} is too slow to go on with`, {
        hint: 'try again later',
      });
    try {
      return await this.#once(sent);
    } finally {
      this.#slowMs += Math.max(0, this.#settings.now() - began - briskMs);
    }
  }

  async #once({ method, url, headers, body, authorization, maxBytes }: HttpRequest): Promise<HttpAnswer> {
    const response = await request(url, {
      method,
      dispatcher: isLoopback(url.hostname) ? this.#direct : this.#dispatcher,
      headers: {
        'user-agent': 'whorl',
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(totalMs),
    });
    const flat = flatten(response.headers);
    try {
      const bytes = await readBody(response.body, flat['content-length'], maxBytes, url.host);
      return { status: response.statusCode, headers: flat, body: bytes, url };
    } finally {
      // What was not read to its end must not hold the connection.
      response.body.on('error', () => undefined).destroy();
    }
  }
}

/** An empty text says: no proxy, and do not look into this process's own environment. */
function proxied(env: RegistrySettings['env'], common: object): Dispatcher {
  try {
    return new EnvHttpProxyAgent({
      ...common,
      httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? '',
      httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? '',
      noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
    });
  } catch {
    // Without the library's own words: a proxy's address may hold a password.
    throw new RegistryError(
      'REGISTRY_UNREACHABLE',
      'HTTP_PROXY or HTTPS_PROXY is not the address of a proxy',
      {
        hint: 'write it like http://proxy.internal:3128',
      },
    );
  }
}

function certificates({ ca, env }: RegistrySettings): string[] | undefined {
  const file = env.SSL_CERT_FILE ?? '';
  if (ca === undefined && file === '') return undefined;
  const more = [ca, file === '' ? undefined : readBundle(file)].filter((pem) => pem !== undefined);
  return [...getCACertificates('default'), ...more];
}

function readBundle(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new RegistryError('REGISTRY_TLS', 'the certificates that SSL_CERT_FILE names cannot be read', {
      cause,
    });
  }
}

function redirected(from: HttpRequest, location: string): HttpRequest {
  const { host } = from.url;
  if (from.method !== 'GET' && from.method !== 'HEAD')
    throw new RegistryError(
      'REGISTRY_REDIRECT',
      `${host} sends a write to another place, which is not followed`,
    );
  if (!URL.canParse(location, from.url.href))
    throw new RegistryError('REGISTRY_REDIRECT', `${host} sends to an address that is none`);
  const url = new URL(location, from.url);
  // What listens on this machine is nobody's to have called from elsewhere.
  const isHere = isLoopback(url.hostname) && isLoopback(from.url.hostname);
  const clear = url.protocol === 'http:' && (from.url.protocol === 'http:' || isHere);
  if (url.protocol !== 'https:' && !clear)
    throw new RegistryError(
      'REGISTRY_REDIRECT',
      `${host} sends from HTTPS to plain HTTP, which is not followed`,
    );
  if (url.origin === from.url.origin) return { ...from, url };
  // Storage behind a registry has its own key in the address: our login is none of its business.
  const { authorization: _kept, ...rest } = from;
  return { ...rest, url };
}
