import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { isIPv4, isIPv6 } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError } from '../ports/source.ts';
import { cannot } from './falco/errors.ts';
import type { FalcoIntakeOptions, HeardSink } from './falco/intake.ts';
import { maxLineBytes } from './falco/line-cutter.ts';
import { listenUntil } from './falco/listen.ts';
import { runBeside } from './falco/run-beside.ts';
import { authorityIn, pairIn } from './pem/pem-files.ts';

export interface FalcoHttpOptions extends FalcoIntakeOptions {
  /** `http://127.0.0.1:2811/falco`; with a certificate `https://…`. */
  readonly url: string;
  /** PEM files: ours, and the authority of those who may send. */
  readonly certificate?: string;
  readonly key?: string;
  readonly ca?: string;
}

const newline = Buffer.from('\n');

/**
 * Alerts as JSON, one or more lines in the body of a POST (`http_output` of Falco). Falco waits for the answer of each
 * and loses without a word what is answered otherwise than by 200: whatever was taken is answered so, at once.
 */
export function falcoHttpSource(options: FalcoHttpOptions): EventSource {
  return {
    name: 'falco',
    run: (sink, signal) => runBeside(options, sink, signal, (heard, until) => listen(options, heard, until)),
  };
}

async function listen(options: FalcoHttpOptions, sink: HeardSink, signal: AbortSignal): Promise<void> {
  const url = urlOf(options);
  const server = serverOf(options, (request, response) => take(request, response, url, options, sink));
  // Falco keeps one connection for all it sends: closed for idleness, its next alert would meet a closed door.
  server.keepAliveTimeout = 0;
  try {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const where = { host, port: Number(url.port) };
    await listenUntil(server, where, sink, () => server.closeAllConnections(), signal);
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw cannot('the address', url.host, cause, {
      EADDRINUSE: 'somebody else listens there; choose another port in sourceAddress, and in http_output.url',
      EADDRNOTAVAIL: 'this machine does not have that address; correct sourceAddress',
      EACCES: 'this user may not listen on that port; choose one above 1023',
    });
  }
}

/** @throws SourceError when it cannot be listened at so that Falco alone is heard */
function urlOf({ url: text, certificate, ca }: FalcoHttpOptions): URL {
  const url = URL.parse(text);
  if (url === null || url.port === '' || url.username !== '')
    throw new SourceError(
      'bad-setting',
      `sourceAddress must look like http://127.0.0.1:2811/falco, not ${printable(text)}`,
    );
  if ((url.protocol === 'https:') !== (certificate !== undefined))
    throw new SourceError(
      'bad-setting',
      'https:// needs sourceCertificate and sourceKey, and they need https://; correct sourceAddress, or give both',
    );
  if (!isLoopback(url.hostname) && ca === undefined)
    throw new SourceError(
      'bad-setting',
      'beyond this machine everybody could speak as Falco; listen at 127.0.0.1, or give sourceCa, sourceCertificate and sourceKey',
    );
  return url;
}

function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return (
    host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || (isIPv6(host) && host === '::1')
  );
}

function serverOf(
  { certificate, key, ca }: FalcoHttpOptions,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  if (certificate === undefined || key === undefined) return createServer(onRequest);
  const clients = ca === undefined ? {} : { ca: authorityIn(ca), requestCert: true };
  return createTlsServer({ ...pairIn(certificate, key), ...clients, minVersion: 'TLSv1.2' }, onRequest);
}

function take(
  request: IncomingMessage,
  response: ServerResponse,
  { pathname }: URL,
  { now }: FalcoHttpOptions,
  sink: HeardSink,
): void {
  if (request.method !== 'POST' || request.url?.split('?')[0] !== pathname) {
    request.resume();
    answer(response, request.method === 'POST' ? 404 : 405);
    return;
  }
  const parts: Buffer[] = [];
  let length = 0;
  request.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= maxLineBytes) parts.push(part);
  });
  // A sender that breaks off has not sent it.
  request.on('error', () => undefined);
  request.on('end', () => {
    const body = length > maxLineBytes ? undefined : unpacked(request, parts);
    if (body === undefined)
      sink.refused(
        `a body of more than ${maxLineBytes} bytes, or packed otherwise than by gzip, was passed over`,
      );
    else if (body.length > 0) sink.bytes(Buffer.concat([body, newline]), now());
    answer(response, body === undefined ? 413 : 200);
  });
}

function unpacked(request: IncomingMessage, parts: readonly Buffer[]): Buffer | undefined {
  const body = Buffer.concat(parts);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') return undefined;
  try {
    return gunzipSync(body, { maxOutputLength: maxLineBytes });
  } catch {
    // Not gzip, or a bomb.
    return undefined;
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}
