import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError, type SourceSink } from '../ports/source.ts';

export interface SensorOptions {
  /** The built sensor (build-sensor.ts). */
  readonly binary: string;
  /** Processes whose files and sockets are not reported: our own. At most 8, the sensor's own table. */
  readonly ignorePids?: readonly number[];
  /** Also report files of processes outside every container, in the root cgroup. Off: they are most of the noise. */
  readonly hostFiles?: boolean;
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

/** Starts the embedded eBPF sensor and delivers what it writes; it ends with us, because its output then has no reader. */
export function sensorSource(options: SensorOptions): EventSource {
  return { name: 'sensor', run: (sink, signal) => runSensor(options, sink, signal) };
}

/** A sensor that runs elsewhere (`--listen PATH`): as another user with only the rights it needs, or in its own container. */
export function sensorSocketSource(path: string, now: () => number): EventSource {
  return { name: 'sensor', run: (sink, signal) => readSocket(path, now, sink, signal) };
}

function argumentsOf(o: SensorOptions): string[] {
  const ignored = (o.ignorePids ?? []).flatMap((pid) => ['--ignore-pid', String(pid)]);
  return o.hostFiles === true ? [...ignored, '--host-files'] : ignored;
}

async function runSensor(options: SensorOptions, sink: SourceSink, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const child = spawn(options.binary, argumentsOf(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = new Promise<Error | undefined>((resolve) =>
    child.once('error', resolve).once('close', () => resolve(undefined)),
  );
  const complaint = lastLineOf(child.stderr);
  const stop = () => child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    await deliver(child.stdout, options.now, sink);
    const error = await failed;
    if (signal.aborted) return;
    throw error === undefined ? sensorError(complaint(), child.exitCode) : cannotStart(options.binary, error);
  } finally {
    signal.removeEventListener('abort', stop);
    await endOf(child);
  }
}

/** Judged as they are read: nothing waits between the kernel's pipe and the verdict. */
async function deliver(stream: Readable, now: () => number, sink: SourceSink): Promise<void> {
  const ended = finished(stream, { writable: false });
  stream.on('data', (bytes: Buffer) => sink.bytes(bytes, now()));
  await ended;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill('SIGTERM');
  // It leaves at once on SIGTERM; only one that hangs in the kernel meets SIGKILL.
  const kill = setTimeout(() => child.kill('SIGKILL'), 2000);
  await closed;
  clearTimeout(kill);
}

/** The last 4 KiB of what it says on stderr: one sentence, `whorl-sensor: CODE: why`. */
function lastLineOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-4096);
  });
  return () => text.trim().split('\n').at(-1) ?? '';
}

function sensorError(line: string, exitCode: number | null): SourceError {
  const [, code, why] = /^whorl-sensor: ([a-z0-9-]+): (.*)$/.exec(line) ?? [];
  const message = printable(why ?? line);
  if (code === 'no-btf' || code === 'no-permission') return new SourceError(code, message);
  const how = exitCode === null ? 'was killed' : `ended with code ${exitCode}`;
  return new SourceError(
    'source-ended',
    message === '' ? `the sensor ${how}` : `the sensor ${how}: ${message}`,
  );
}

function cannotStart(binary: string, cause: Error): SourceError {
  return new SourceError(
    'source-ended',
    `the sensor ${printable(binary)} cannot be started: ${printable(cause.message)}`,
    { cause },
  );
}

async function readSocket(
  path: string,
  now: () => number,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const socket = connect(path);
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await deliver(socket, now, sink);
  } catch (cause) {
    if (signal.aborted) return;
    throw new SourceError(
      'source-ended',
      `the sensor's socket ${printable(path)} cannot be read: ${printable(String(cause))}`,
      { cause },
    );
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
  if (!signal.aborted)
    throw new SourceError('source-ended', `the sensor at ${printable(path)} closed the connection`);
}
