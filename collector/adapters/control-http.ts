import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { type Mode, modes } from '../../fingerprint/verdict.ts';
import { BackupError } from '../ports/backups.ts';
import { CollectorError, type Control, type Log, StoreError } from '../ports.ts';

/** docs/format.md: the largest envelope that is read. */
const maxBodyBytes = 4 * 1024 * 1024;
const defaultIncidents = 100;
const maxIncidents = 10_000;
/** sun_path of a unix socket, without its final NUL. */
const maxSocketPath = 107;
/** Who listens to events and does not read them is cut off before it costs more than this. */
const maxUnreadBytes = 8 * 1024 * 1024;

class Refusal extends Error {
  readonly status: 400 | 404 | 413;
  constructor(status: Refusal['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The collector's ear for its own user: HTTP with JSON on a unix socket that nobody else may open (0600).
 * `GET /status /workloads /baselines/HASH /incidents?limit=N /events`, `POST /fingerprints` (an envelope),
 * `POST /policy` with `{"mode":…}`. `GET /events` is a JSON line per change of state, without end.
 */
export class ControlHttp {
  readonly #control: Control;
  readonly #log: Log;
  readonly #path: string;
  readonly #server: Server;

  constructor(path: string, control: Control, log: Log) {
    this.#path = path;
    this.#control = control;
    this.#log = log;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @throws CollectorError */
  async listen(): Promise<void> {
    if (Buffer.byteLength(this.#path) > maxSocketPath) {
      throw new CollectorError(
        'data-dir',
        `${this.#path} is longer than the ${maxSocketPath} bytes a socket's path may have; choose a shorter data directory`,
      );
    }
    // The database is ours alone by now: a socket that is still there is left from a process that was killed.
    rmSync(this.#path, { force: true });
    // Restricted before anybody can connect: the mode counts from bind on.
    const mask = process.umask(0o177);
    try {
      this.#server.listen(this.#path);
      await once(this.#server, 'listening');
    } catch (cause) {
      throw new CollectorError('data-dir', `${this.#path}: the control socket cannot be made`, { cause });
    } finally {
      process.umask(mask);
    }
    chmodSync(this.#path, 0o600);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    rmSync(this.#path, { force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://collector');
      if (request.method === 'GET' && url.pathname === '/events') this.#events(response);
      else send(response, 200, await this.#route(request, url));
    } catch (error) {
      this.#refuse(response, error);
    }
  }

  async #route(request: IncomingMessage, url: URL): Promise<object> {
    const [, first, second] = url.pathname.split('/');
    switch (`${request.method} /${first}`) {
      case 'GET /status':
        return this.#control.status();
      case 'GET /workloads':
        return this.#control.workloads();
      case 'GET /incidents':
        return this.#control.incidents(limitOf(url));
      case 'GET /baselines':
        return this.#baseline(second ?? '');
      case 'POST /fingerprints':
        return this.#control.addFingerprint(await readBody(request));
      case 'POST /backup':
        return this.#control.backup(backupOf(await readBody(request)));
      case 'POST /policy':
        return this.#control.setMode(modeOf(await readBody(request)));
      default:
        throw new Refusal(
          404,
          'there are GET /status /workloads /baselines/HASH /incidents /events, POST /fingerprints /policy /backup',
        );
    }
  }

  async #baseline(hash: string): Promise<object> {
    const baseline = /^[0-9a-f]{64}$/.test(hash) ? await this.#control.baseline(hash) : undefined;
    if (baseline === undefined)
      throw new Refusal(404, 'no workload has this hash; GET /workloads lists them');
    return baseline;
  }

  #events(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    const unsubscribe = this.#control.subscribe((line) => {
      if (response.writableLength > maxUnreadBytes) response.destroy();
      else response.write(`${JSON.stringify(line)}\n`);
    });
    response.on('close', unsubscribe);
  }

  #refuse(response: ServerResponse, error: unknown): void {
    if (error instanceof Refusal) send(response, error.status, { error: error.message });
    else if (error instanceof FingerprintError) {
      const { code, field, message } = error;
      const where = field === '' ? '' : `${field} `;
      send(response, 400, { error: `the fingerprint is refused: ${where}${message} (${code})`, code, field });
    } else if (error instanceof BackupError) send(response, 409, { error: error.message, code: error.code });
    else if (error instanceof StoreError) send(response, 503, { error: error.message, code: error.code });
    else {
      this.#log.error({ err: error }, 'control request failed');
      send(response, 500, { error: 'the collector failed; its log says more' });
    }
  }
}

function limitOf(url: URL): number {
  const said = url.searchParams.get('limit') ?? String(defaultIncidents);
  const limit = /^\d{1,5}$/.test(said) ? Number(said) : 0;
  if (limit < 1 || limit > maxIncidents)
    throw new Refusal(400, `limit must be a number from 1 to ${maxIncidents}`);
  return limit;
}

function backupOf(body: Uint8Array): { out: string; withKeys: boolean } {
  const { out, withKeys }: { out?: unknown; withKeys?: unknown } = Object(parseJson(body));
  if (typeof out !== 'string' || !out.startsWith('/') || out.includes('\0') || out.length > 4096)
    throw new Refusal(400, 'out must be the path of a file, from the root on');
  return { out, withKeys: withKeys === true };
}

function modeOf(body: Uint8Array): Mode {
  const value = parseJson(body);
  const said = typeof value === 'object' && value !== null && 'mode' in value ? value.mode : undefined;
  const mode = modes.find((m) => m === said);
  if (mode === undefined) throw new Refusal(400, `mode must be one of ${modes.join(', ')}`);
  return mode;
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    // Without an encoding set the stream gives buffers only.
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > maxBodyBytes) throw new Refusal(413, `the body is larger than ${maxBodyBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
