import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError, type SourceSink } from '../ports/source.ts';

/** Records of the sensor from a file, as recorded; `.gz` is unpacked. Ends when the file ends. */
export function replaySource(path: string, now: () => number): EventSource {
  return { name: 'replay', run: (sink, signal) => readRecording(path, now, sink, signal) };
}

async function readRecording(
  path: string,
  now: () => number,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  const file = createReadStream(path, { highWaterMark: 1 << 16 });
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => undefined) : file;
  try {
    for await (const bytes of stream) {
      if (signal.aborted) return;
      sink.bytes(bytes, now());
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SourceError(
      'bad-recording',
      `${printable(path)} cannot be replayed: ${printable(why)}; record it again`,
      { cause },
    );
  } finally {
    file.destroy();
  }
}
