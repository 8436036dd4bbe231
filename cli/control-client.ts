import { request } from 'node:http';
import { CliError, exitCodes } from './exit.ts';
import { explainSystemError } from './system-error.ts';

/** The largest answer of a control socket that is read: 10 000 incidents of 3 kB. */
const maxAnswerBytes = 32 << 20;
const answerTimeoutMs = 10_000;

/** No socket, one whose daemon is gone, or a path too long to be one: whoever starts a daemon there hears why from it. */
const nobodyThere: ReadonlySet<unknown> = new Set(['ENOENT', 'ECONNREFUSED', 'EINVAL']);

/** Where the daemons listen for the user who runs them: unix sockets in the data directory, mode 0600. */
export type Daemon = 'agent' | 'collector';

/**
 * One request to a daemon on this machine: JSON over HTTP over its unix socket.
 * @returns the parsed answer; undefined when no daemon listens there
 * @throws CliError when it answers with an error or not at all
 */
export async function ask(
  socketPath: string,
  daemon: Daemon,
  call: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    /** For what takes long without a word. */
    readonly timeoutMs?: number;
  },
): Promise<unknown> {
  try {
    const { status, text } = await exchange(socketPath, call);
    const answer: unknown = JSON.parse(text);
    if (status < 300) return answer;
    throw new CliError(exitCodes.incomplete, `the ${daemon} refused: ${errorOf(answer, status)}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && nobodyThere.has(error.code)) return undefined;
    if (error instanceof SyntaxError)
      throw new CliError(exitCodes.incomplete, `the ${daemon} answers with something that is not JSON`);
    throw explainSystemError(error, `cannot ask the ${daemon}`) ?? error;
  }
}

/** The agent's word for it, or the collector's (RFC 9457). */
function errorOf(answer: unknown, status: number): string {
  const { error, detail }: { error?: unknown; detail?: unknown } = Object(answer);
  return String(error ?? detail ?? `status ${status}`);
}

/** Bytes go as they are: what was signed is never written anew. */
function bodyOf(body: unknown): string | Uint8Array {
  if (body === undefined) return '';
  return body instanceof Uint8Array ? body : JSON.stringify(body);
}

function exchange(
  socketPath: string,
  call: {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  },
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const body = bodyOf(call.body);
    const type = call.body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
    const about =
      call.body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request(
      {
        socketPath,
        method: call.method,
        path: call.path,
        headers: { ...call.headers, ...about },
        timeout: call.timeoutMs ?? answerTimeoutMs,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > maxAnswerBytes)
            response.destroy(new CliError(exitCodes.incomplete, 'the answer is too long'));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 500, text }));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new CliError(exitCodes.incomplete, 'the daemon does not answer')));
    sent.on('error', reject);
    sent.end(body);
  });
}
