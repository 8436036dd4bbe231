import { request } from 'node:http';
import { printable } from '../fingerprint/printable.ts';
import { CliError, exitCodes } from './exit.ts';
import { fileName } from './read-file.ts';
import { explainSystemError } from './system-error.ts';

/** What a collector can be asked about its audit log. */
export interface AuditSource {
  /** The JSON lines of an export, in pieces as they come. @param since RFC 3339 */
  export(since: string | undefined): AsyncIterable<Uint8Array>;
  /** The document that proves one entry. */
  prove(seq: number): Promise<Uint8Array>;
  acceptFork(reason: string): Promise<Uint8Array>;
}

/** An answer that is no export: a proof, or the sentence of a refusal. */
const maxAnswerBytes = 1 << 20;
/** Between two pieces of an answer. */
const silenceMs = 30_000;

/** The collector on this machine, over the socket that only its own user can open. */
export function socketAuditSource(socketPath: string): AuditSource {
  const call = (method: 'GET' | 'POST', path: string, body?: object) =>
    answered(socketPath, method, `/api/v1/audit${path}`, body);
  return {
    export: (since) =>
      call('GET', `/export${since === undefined ? '' : `?since=${encodeURIComponent(since)}`}`),
    prove: (seq) => whole(call('GET', `/proofs/${seq}`)),
    acceptFork: (reason) => whole(call('POST', '/accept-fork', { reason })),
  };
}

async function* answered(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body: object | undefined,
): AsyncGenerator<Uint8Array> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const sent = request({
    socketPath,
    method,
    path,
    timeout: silenceMs,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
  });
  try {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.on('timeout', () =>
        sent.destroy(new CliError(exitCodes.network, 'the collector does not answer')),
      );
      sent.end(text);
    });
    const status = response.statusCode ?? 500;
    if (status >= 300) throw refusal(status, await whole(response));
    for await (const part of response) yield part instanceof Uint8Array ? part : Buffer.from(String(part));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unreachable(socketPath, error);
  } finally {
    sent.destroy();
  }
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const part of parts) {
    length += part.length;
    if (length > maxAnswerBytes)
      throw new CliError(exitCodes.incomplete, 'the answer of the collector is too long');
    read.push(part);
  }
  return Buffer.concat(read, length);
}

function unreachable(socketPath: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new CliError(
      exitCodes.usage,
      `no collector runs at ${fileName(socketPath)}`,
      'start it, or name its --data-dir',
    );
  return explainSystemError(error, 'cannot ask the collector') ?? error;
}

/** As problem+json says it, or as the control socket does. */
function refusal(status: number, body: Uint8Array): CliError {
  return new CliError(
    exitCodes.incomplete,
    `the collector refused: ${sentenceOf(body) ?? `status ${status}`}`,
  );
}

function sentenceOf(body: Uint8Array): string | undefined {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(body));
    if (typeof answer !== 'object' || answer === null) return undefined;
    const said = 'detail' in answer ? answer.detail : 'error' in answer ? answer.error : undefined;
    return typeof said === 'string' ? printable(said) : undefined;
  } catch {
    return undefined;
  }
}
