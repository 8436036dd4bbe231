import type { EventSource } from '../../agent/ports/source.ts';
import type { SourceNote } from '../../agent/ports.ts';

export interface Chunk {
  /** A copy: a source may use its own bytes again. */
  readonly bytes: Uint8Array;
  readonly receivedAt: number;
}

/** What a source delivers, one after the other; ends and throws as the source does. Leaving the loop ends the source. */
export async function* chunksOf(
  source: EventSource,
  signal: AbortSignal,
  onNote: (note: SourceNote) => void = () => undefined,
): AsyncGenerator<Chunk> {
  const waiting: Chunk[] = [];
  let wake = (): void => undefined;
  let ended = false;
  const left = new AbortController();
  const sink = {
    bytes: (bytes: Uint8Array, receivedAt: number) => {
      waiting.push({ bytes: bytes.slice(), receivedAt });
      wake();
    },
    note: onNote,
  };
  const done = source.run(sink, AbortSignal.any([signal, left.signal])).finally(() => {
    ended = true;
    wake();
  });
  // Told where it is awaited, below.
  done.catch(() => undefined);
  try {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (ended) break;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    await done;
  } finally {
    left.abort();
    await done.catch(() => undefined);
  }
}
