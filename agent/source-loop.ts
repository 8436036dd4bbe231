import { setTimeout as sleep } from 'node:timers/promises';
import { type EventSource, SourceError, type SourceSink } from './ports/source.ts';
import type { Log } from './ports.ts';

const firstRestartMs = 1_000;
const longestRestartMs = 30_000;

export interface SourceLoop {
  readonly source: EventSource;
  readonly log: Log;
  readonly sink: SourceSink;
  /** It ended, for this reason, and will be started again: what happens meanwhile nobody sees. */
  readonly onEnded: (reason: string, isWedged: boolean) => void;
}

/**
 * Reads the source until `signal` aborts, starting it again with growing pauses. A recording is read once.
 *
 * @throws SourceError when it cannot start the first time: the person who started us must hear it
 */
export async function readSource(loop: SourceLoop, signal: AbortSignal): Promise<void> {
  const { source, onEnded } = loop;
  let wait = firstRestartMs;
  for (let first = true; ; first = false) {
    const { chunks, reason, isWedged } = await drain(loop, first, signal);
    if (signal.aborted || source.name === 'replay') return;
    onEnded(reason, isWedged);
    wait = chunks > 0 ? firstRestartMs : Math.min(wait * 2, longestRestartMs);
    await sleep(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** @returns how often something came before it ended, and why it ended. */
async function drain(
  { source, log, sink }: SourceLoop,
  first: boolean,
  signal: AbortSignal,
): Promise<{ readonly chunks: number; readonly reason: string; readonly isWedged: boolean }> {
  let chunks = 0;
  const counting: SourceSink = {
    bytes: (bytes, receivedAt) => {
      chunks += 1;
      sink.bytes(bytes, receivedAt);
    },
    note: (note) => {
      chunks += 1;
      sink.note(note);
    },
  };
  try {
    await source.run(counting, signal);
  } catch (error) {
    if (!(error instanceof SourceError) || (first && chunks === 0)) throw error;
    // A sentence for a person: where in our code it was made says nothing more, and it may be said every half minute.
    log.error({ code: error.code, reason: error.message }, 'event source failed');
    return { chunks, reason: error.message, isWedged: error.code === 'wedged' };
  }
  return { chunks, reason: 'it ended', isWedged: false };
}
