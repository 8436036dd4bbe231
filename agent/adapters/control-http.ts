import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { AgentError, type Control, type ControlHandler } from '../ports.ts';

/** `{"incident": "<64 hex>"}` or `{"all": true}`. */
const maxBodyBytes = 4_096;
/** sun_path of a unix socket, without its final NUL. */
const maxSocketPath = 107;

/**
 * The agent's ear for its own user: HTTP with JSON on a unix socket that nobody else may open (0600).
 * `GET /status`; `POST /resume` with `{"all":true}` or `{"incident":"…"}`.
 */
export function controlHttp(path: string): Control {
  let server: Server | undefined;
  return {
    serve: async (handler) => {
      if (Buffer.byteLength(path) > maxSocketPath)
        throw new AgentError(
          'control',
          `the control socket's path is longer than ${maxSocketPath} bytes, choose a shorter data directory: ${path}`,
        );
      // The lock file has told that no living agent owns it.
      rmSync(path, { force: true });
      server = createServer((request, response) => void answer(request, response, handler));
      // Restricted before anybody can connect: listen() binds at once, and the mode counts from there on.
      const mask = process.umask(0o177);
      server.listen(path);
      process.umask(mask);
      await once(server, 'listening');
      chmodSync(path, 0o600);
    },
    close: async () => {
      if (server === undefined) return;
      server.closeAllConnections();
      await new Promise<void>((resolve) => server?.close(() => resolve()));
      rmSync(path, { force: true });
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: ControlHandler,
): Promise<void> {
  try {
    const { status, body } = await route(request, handler);
    send(response, status, body);
  } catch (error) {
    send(response, 500, { error: error instanceof Error ? error.message : 'unknown error' });
  }
}

async function route(
  request: IncomingMessage,
  handler: ControlHandler,
): Promise<{ status: number; body: unknown }> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /status':
      return { status: 200, body: handler.status() };
    case 'POST /resume': {
      const which = toWhich(await readBody(request));
      if (which === undefined)
        return { status: 400, body: { error: 'say {"all":true} or {"incident":"<id of the incident>"}' } };
      return { status: 200, body: { resumed: await handler.resume(which) } };
    }
    default:
      return { status: 404, body: { error: 'there are GET /status and POST /resume' } };
  }
}

function toWhich(value: unknown): 'all' | { incident: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('all' in value && value.all === true) return 'all';
  return 'incident' in value && typeof value.incident === 'string' ? { incident: value.incident } : undefined;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    // Without an encoding set the stream gives buffers only.
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > maxBodyBytes) return undefined;
    parts.push(bytes);
  }
  try {
    return parseJson(Buffer.concat(parts));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
