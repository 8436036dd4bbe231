import { type IncomingMessage, request } from 'node:http';
import { printable } from '../../../fingerprint/printable.ts';
import { MetricsError } from './metrics-error.ts';

/** A node with hundreds of workloads, each with labels of its own, writes some hundred KiB. */
const maxPage = 16 << 20;
const defaultTimeoutMs = 5_000;

/**
 * The page of metrics at that address, as latin1.
 *
 * @throws MetricsError with what is wrong there
 */
export async function readMetrics(
  address: string,
  signal: AbortSignal,
  timeoutMs = defaultTimeoutMs,
): Promise<string> {
  const url = addressOf(address);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await fetchPage(url, AbortSignal.any([signal, timeout]));
  } catch (cause) {
    if (cause instanceof MetricsError) throw cause;
    if (timeout.aborted && !signal.aborted)
      throw new MetricsError('too-slow', `${shown(url)} did not answer within ${timeoutMs / 1000} s`, {
        cause,
      });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MetricsError('unreachable', `${shown(url)} cannot be read: ${printable(why)}`, { cause });
  }
}

function addressOf(address: string): URL {
  const url = URL.parse(address);
  if (url?.protocol === 'http:') return url;
  throw new MetricsError(
    'bad-address',
    `the address of the metrics must look like http://127.0.0.1:2112/metrics, not ${printable(address)}`,
  );
}

function fetchPage(url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      signal,
      // Each page stands alone: no socket outlives its answer.
      agent: false,
      headers: { accept: 'text/plain;version=0.0.4', 'accept-encoding': 'identity' },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      collect(response, url).then(resolve, (error: unknown) => {
        response.destroy();
        reject(error);
      });
    });
    asked.end();
  });
}

async function collect(response: IncomingMessage, url: URL): Promise<string> {
  if (response.statusCode !== 200)
    throw new MetricsError(
      'wrong-service',
      `${shown(url)} answers ${response.statusCode}, not a page of metrics`,
    );
  response.setEncoding('latin1');
  let page = '';
  for await (const part of response) {
    page += part;
    if (page.length > maxPage)
      throw new MetricsError(
        'too-large',
        `the page of metrics at ${shown(url)} has more than ${maxPage} bytes`,
      );
  }
  return page;
}

function shown(url: URL): string {
  return printable(`${url.host}${url.pathname}`);
}
