import { once } from 'node:events';
import { lstatSync, rmSync, type Stats, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError } from '../ports/source.ts';
import { cannot, pathHints } from './falco/errors.ts';
import type { FalcoIntakeOptions, HeardSink } from './falco/intake.ts';
import { LineCutter, maxLineBytes } from './falco/line-cutter.ts';
import { listenUntil } from './falco/listen.ts';
import { runBeside } from './falco/run-beside.ts';

export interface FalcoUnixOptions extends FalcoIntakeOptions {
  readonly path: string;
}

/** sun_path of a unix socket, without its final NUL. */
const maxSocketPath = 107;

/** Alerts as JSON lines over a socket of ours, mode 0660, for a program that Falco keeps open (`program_output`, socat). */
export function falcoUnixSource(options: FalcoUnixOptions): EventSource {
  return {
    name: 'falco',
    run: (sink, signal) => runBeside(options, sink, signal, (heard, until) => listen(options, heard, until)),
  };
}

async function listen({ path, now }: FalcoUnixOptions, sink: HeardSink, signal: AbortSignal): Promise<void> {
  await makeRoom(path);
  const writers = new Set<Socket>();
  const server = createServer((socket) => {
    writers.add(socket);
    const cutter = new LineCutter({
      lines: (bytes) => sink.bytes(bytes, now()),
      tooLong: () => sink.refused(`a line of more than ${maxLineBytes} bytes was passed over`),
    });
    socket.on('data', (bytes: Buffer) => cutter.push(bytes));
    // What a writer did not finish it said all the same; `close` follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      writers.delete(socket);
      cutter.end();
    });
  });
  const close = () => {
    for (const socket of writers) socket.destroy();
  };
  try {
    await listenUntil(server, { path }, sink, close, signal);
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw cannot('the socket', path, cause, pathHints);
  } finally {
    if (server.listening) server.close();
  }
}

/** A socket that nobody answers at was left by one who is gone. */
async function makeRoom(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxSocketPath)
    throw new SourceError(
      'bad-setting',
      `the socket's path has more than ${maxSocketPath} bytes; choose a shorter one: ${printable(path)}`,
    );
  const stat = whatIsThere(path);
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw new SourceError(
      'wrong-service',
      `${printable(path)} is no socket; remove it, or choose another path`,
    );
  if (await isAnswered(path))
    throw new SourceError(
      'unreachable',
      `somebody else listens at ${printable(path)}; stop them, or choose another path`,
    );
  rmSync(path, { force: true });
}

function whatIsThere(path: string): Stats | undefined {
  try {
    // The system calls a missing directory a forbidden one.
    statSync(dirname(path));
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw cannot('the socket', path, cause, pathHints);
  }
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
