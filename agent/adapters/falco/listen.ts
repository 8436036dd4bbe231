import { once } from 'node:events';
import type { ListenOptions, Server } from 'node:net';
import { SourceError } from '../../ports.ts';

/** Writers at once. Falco is one; it opens the next connection before the last one is gone. */
const maxWriters = 64;

/** Listens until the signal aborts, then lets everybody go. @throws the system's error */
export async function listenUntil(
  server: Server,
  where: ListenOptions,
  onListening: () => void,
  close: () => void,
  signal: AbortSignal,
): Promise<void> {
  server.maxConnections = maxWriters;
  // Restricted before anybody can connect: listen() binds at once, and the mode counts from there on.
  const mask = process.umask(0o117);
  server.listen(where);
  process.umask(mask);
  await once(server, 'listening');
  onListening();
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
