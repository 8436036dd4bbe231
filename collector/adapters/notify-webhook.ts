import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { Client } from 'undici';
import { printable } from '../../fingerprint/printable.ts';
import {
  type Delivery,
  type Notice,
  type Notifier,
  type NotifierKind,
  noticeText,
  type SinkSettings,
} from '../ports/notifier.ts';
import { type AddressKind, kindOf } from './notify-webhook/address-guard.ts';
import { outcomeOf } from './notify-webhook/outcome.ts';
import { readSecrets, signatures } from './notify-webhook/signature.ts';

/** Standard Webhooks: 15 to 30 s. */
const timeoutMs = 15_000;
/** Read so that the receiver can finish, and thrown away: nothing it says is believed. */
const maxAnswerBytes = 64 * 1024;

/** Every address of a name, as text. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface WebhookOptions {
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly version: string;
  readonly resolve?: Resolve;
}

interface Receiver {
  readonly url: URL;
  readonly secretFile: string;
  readonly allowPrivate: boolean;
  readonly ca: Buffer | undefined;
}

/** Standard Webhooks: a signed POST of the notice. */
export function webhook(options: WebhookOptions): NotifierKind {
  return {
    type: 'webhook',
    open: (settings) => {
      const url = readUrl(settings);
      const secretFile = readSecretFile(settings);
      const allowPrivate = settings.flag('allowPrivate', false);
      const ca = readCa(settings);
      return url && new WebhookNotifier({ url, secretFile, allowPrivate, ca }, options);
    },
  };
}

/** Not sent, because it must not go there. */
class Forbidden extends Error {}

class WebhookNotifier implements Notifier {
  readonly #receiver: Receiver;
  readonly #options: WebhookOptions;
  readonly #resolve: Resolve;

  constructor(receiver: Receiver, options: WebhookOptions) {
    this.#receiver = receiver;
    this.#options = options;
    this.#resolve = options.resolve ?? resolveByName;
  }

  async deliver(notice: Notice, signal: AbortSignal): Promise<Delivery> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const addresses = await unlessAborted(this.#allowed(), until);
      return await this.#post(notice, addresses, until);
    } catch (error) {
      return { result: 'retry', reason: reasonOf(error) };
    }
  }

  /**
   * Looked up once, judged, and connected to by address: a name that answers differently a moment later (rebinding) is
   * never asked again. One bad address among good ones spoils all: only an attacker mixes them.
   */
  async #allowed(): Promise<readonly string[]> {
    const { url, allowPrivate } = this.#receiver;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(host) === 0 ? await this.#resolve(host) : [host];
    if (addresses.length === 0) throw new Error('the name of the receiver has no address');
    for (const address of addresses) {
      const kind = kindOf(address);
      if (!isAllowed(kind, allowPrivate))
        throw new Forbidden(`the receiver is at ${printable(address, 64)}, ${because[kind]}`);
      if (url.protocol === 'http:' && kind !== 'loopback')
        throw new Forbidden('the receiver is not on this machine, so it must be called by https');
    }
    return addresses;
  }

  async #post(notice: Notice, addresses: readonly string[], signal: AbortSignal): Promise<Delivery> {
    const { url, secretFile, ca } = this.#receiver;
    const { now, version } = this.#options;
    const body = bodyOf(notice);
    const seconds = Math.floor(now() / 1000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': `whorl/${version}`,
      'webhook-id': notice.id,
      'webhook-timestamp': String(seconds),
      // Read each time: a rotated secret counts without a restart.
      'webhook-signature': signatures(readSecrets(secretFile), notice.id, seconds, body),
    };
    // A connection of its own for each: the address was judged for this one. No proxy of the environment is asked.
    const client = new Client(url.origin, {
      connect: { lookup: pinnedTo(addresses), timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      pipelining: 0,
    });
    try {
      const path = `${url.pathname}${url.search}`;
      const answer = await client.request({ method: 'POST', path, headers, body, signal });
      const after = answer.headers['retry-after'];
      // The status counts, also when the rest of the answer never comes.
      await answer.body.dump({ limit: maxAnswerBytes, signal }).catch(() => undefined);
      return outcomeOf(answer.statusCode, Array.isArray(after) ? after[0] : after, now());
    } finally {
      await client.destroy();
    }
  }
}

/** The payload Standard Webhooks recommends: what it is, since when, and all of it. */
function bodyOf(notice: Notice): string {
  return `{"type":${JSON.stringify(notice.type)},"timestamp":${JSON.stringify(new Date(notice.time).toISOString())},"data":${noticeText(notice)}}`;
}

function isAllowed(kind: AddressKind, allowPrivate: boolean): boolean {
  return kind === 'public' || (allowPrivate && kind !== 'never');
}

const because: Readonly<Record<AddressKind, string>> = {
  public: 'which is public',
  private: 'an address inside; set allowPrivate for this sink when it is meant',
  loopback: 'this machine itself; set allowPrivate for this sink when it is meant',
  never: 'where no receiver may be (link-local, metadata, multicast or reserved)',
};

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, done) => {
    const [first] = found;
    if (options.all === true) done(null, found);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function resolveByName(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

/** The system's resolver cannot be told to stop; nobody waits for it longer than this. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Without the URL: its path is often a secret. */
function reasonOf(error: unknown): string {
  if (error instanceof Forbidden) return error.message;
  if (!(error instanceof Error)) return 'the receiver could not be reached';
  if (error.name === 'TimeoutError') return `the receiver did not answer within ${timeoutMs / 1000} s`;
  const code = 'code' in error ? ` (${printable(String(error.code), 64)})` : '';
  return `the receiver could not be reached: ${printable(error.message, 200)}${code}`;
}

function readUrl(settings: SinkSettings): URL | undefined {
  const text = settings.text('url', 'the address of the receiver, such as https://hooks.example.org/whorl');
  if (text === '') return undefined;
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) {
    settings.problem('url', 'must begin with https://');
    return undefined;
  }
  if (url.username !== '' || url.password !== '')
    settings.problem('url', 'must not hold a user or password; the secret is what shows who sends');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol === 'http:' && host !== 'localhost' && kindOf(host) !== 'loopback')
    settings.problem('url', 'must begin with https://; http is for this machine alone');
  return url;
}

function readSecretFile(settings: SinkSettings): string {
  const file = settings.text('secretFile', 'a file (mode 0600) with the whsec_ secret');
  if (file !== '') noting(settings, 'secretFile', () => readSecrets(file));
  return file;
}

function readCa(settings: SinkSettings): Buffer | undefined {
  const file = settings.optionalText('caFile', 'a PEM file with the authority of the receiver');
  return file === undefined || file === '' ? undefined : noting(settings, 'caFile', () => readFileSync(file));
}

function noting<T>(settings: SinkSettings, name: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    settings.problem(name, `cannot be used: ${error instanceof Error ? error.message : 'unknown reason'}`);
    return undefined;
  }
}
