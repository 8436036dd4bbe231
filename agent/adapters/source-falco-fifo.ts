import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError } from '../ports/source.ts';
import { cannot, pathHints } from './falco/errors.ts';
import type { FalcoIntakeOptions, HeardSink } from './falco/intake.ts';
import { LineCutter, maxLineBytes } from './falco/line-cutter.ts';
import { runBeside } from './falco/run-beside.ts';

export interface FalcoFifoOptions extends FalcoIntakeOptions {
  readonly path: string;
}

/** Alerts as JSON lines through a named pipe (`file_output` of Falco). Made when it is missing; writers come and go. */
export function falcoFifoSource(options: FalcoFifoOptions): EventSource {
  return {
    name: 'falco',
    run: (sink, signal) =>
      runBeside(options, sink, signal, (heard, until) => readPipe(options, heard, until)),
  };
}

async function readPipe(
  { path, now }: FalcoFifoOptions,
  sink: HeardSink,
  signal: AbortSignal,
): Promise<void> {
  // Opened for writing as well, so that it never ends: a writer that goes leaves the next one an open pipe.
  const fd = openPipe(path);
  const pipe = new Socket({ fd, readable: true, writable: false });
  const cutter = new LineCutter({
    lines: (bytes) => sink.bytes(bytes, now()),
    tooLong: () => sink.refused(`a line of more than ${maxLineBytes} bytes was passed over`),
  });
  const stop = () => pipe.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    sink.connected();
    pipe.on('data', (bytes: Buffer) => cutter.push(bytes));
    await once(pipe, 'close');
  } catch (cause) {
    throw cannot('the pipe', path, cause, pathHints);
  } finally {
    signal.removeEventListener('abort', stop);
    pipe.destroy();
  }
  if (!signal.aborted) throw new SourceError('source-ended', `the pipe ${printable(path)} was closed`);
}

function openPipe(path: string): number {
  try {
    if (statOf(path) === undefined) execFileSync('mkfifo', ['-m', '600', '--', path], { stdio: 'pipe' });
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFIFO())
      throw new SourceError(
        'wrong-service',
        `${printable(path)} is no named pipe; remove it, or say file:${printable(path)}`,
      );
    if ((stat.mode & 0o002) !== 0)
      throw new SourceError(
        'no-permission',
        `everybody may write to the pipe ${printable(path)}, so everybody could speak as Falco; chmod o-w it`,
      );
    return fd;
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw cannot('the pipe', path, cause, pathHints);
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
