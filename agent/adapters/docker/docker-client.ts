import { type IncomingMessage, request } from 'node:http';

/** The inspection of a container with a thousand mounts and variables is some 200 kB. */
const maxAnswerBytes = 4 * 1024 * 1024;

/** Docker did not answer, or not as it should: asking again may help. */
class DockerError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DockerError';
  }
}

/** Questions to the Engine API. Undefined: it has no such thing. */
export interface DockerClient {
  /** @throws DockerError */
  container(id: string): Promise<unknown>;
  /** @throws DockerError */
  image(id: string): Promise<unknown>;
}

/**
 * The Engine API on its unix socket. Without a version in the path: what is asked for has been there since 1.12, and each
 * daemon answers in its own.
 */
export function dockerClient(socketPath: string, timeoutMs: number): DockerClient {
  const ask = (path: string): Promise<unknown> => get(socketPath, path, timeoutMs);
  return {
    container: (id) => ask(`/containers/${encodeURIComponent(id)}/json`),
    image: (id) => ask(`/images/${encodeURIComponent(id)}/json`),
  };
}

async function get(socketPath: string, path: string, timeoutMs: number): Promise<unknown> {
  try {
    const { status, body } = await exchange(socketPath, path, timeoutMs);
    if (status === 404) return undefined;
    if (status !== 200) throw new DockerError(`answers ${path} with status ${status}`);
    return JSON.parse(body);
  } catch (cause) {
    if (cause instanceof DockerError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DockerError(`does not answer ${path}: ${why}`, { cause });
  }
}

function exchange(
  socketPath: string,
  path: string,
  timeoutMs: number,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const asked = request(
      { socketPath, path, method: 'GET', headers: { Host: 'docker' }, signal },
      (answer) => bodyOf(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject),
    );
    asked.on('error', reject);
    asked.end();
  });
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > maxAnswerBytes) throw new DockerError(`answers more than ${maxAnswerBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
