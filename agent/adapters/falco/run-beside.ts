import type { SourceSink } from '../../ports/source.ts';
import { lookBeside } from './beside.ts';
import { type FalcoIntakeOptions, HeardSink } from './intake.ts';

/** Reads one way in, and looks beside it, until the signal aborts or the reading ends. @throws as the reading does */
export async function runBeside(
  options: FalcoIntakeOptions,
  sink: SourceSink,
  signal: AbortSignal,
  read: (sink: HeardSink, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (signal.aborted) return;
  const heard = new HeardSink(sink, options.now);
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const looking = lookBeside(options, heard, both);
  try {
    // A fault of ours beside the stream must not go unheard until the stream ends.
    await Promise.race([read(heard, both), looking.then(() => new Promise<never>(() => undefined))]);
  } finally {
    over.abort();
    await looking;
  }
}
