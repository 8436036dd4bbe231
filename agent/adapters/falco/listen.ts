import { once } from 'node:events';
import type { ListenOptions, Server } from 'node:net';
import { SourceError } from '../../ports/source.ts';
import type { HeardSink } from './intake.ts';

/** Writers at once. Falco is one; it opens the next connection before the last one is gone. */
const maxWriters = 64;
/** Who is turned away tries again and again: told once in this time. */
const toldEveryMs = 1_000;

/** Listens until the signal aborts, then lets everybody go. @throws the system's error */
export async function listenUntil(
  server: Server,
  where: ListenOptions,
  sink: Pick<HeardSink, 'connected' | 'refused'>,
  close: () => void,
  signal: AbortSignal,
): Promise<void> {
  server.maxConnections = maxWriters;
  let toldAt = Number.NEGATIVE_INFINITY;
  // It may have been Falco: whoever may connect can hold all the places there are.
  server.on('drop', () => {
    if (performance.now() - toldAt < toldEveryMs) return;
    toldAt = performance.now();
    sink.refused(`a writer was turned away, since ${maxWriters} hold on to theirs; look who they are`);
  });
  // Restricted before anybody can connect: listen() binds at once, and the mode counts from there on.
  const mask = process.umask(0o117);
  server.listen(where);
  process.umask(mask);
  await once(server, 'listening');
  sink.connected();
  const failed = once(server, 'error').then(([cause]) => {
    throw new SourceError('source-ended', 'the listener for Falco failed', { cause });
  });
  const stopped = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  try {
    await Promise.race([failed, stopped]);
  } finally {
    failed.catch(() => undefined);
    const closed = new Promise((resolve) => server.close(resolve));
    close();
    await closed;
  }
}
