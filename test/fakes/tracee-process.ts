import { setTimeout as sleep } from 'node:timers/promises';
import { TraceeServer } from './tracee-server.ts';

/** A Tracee in a process of its own, whose pings nobody else's work delays: `{address, pingSeconds, rate, bytes}`. */
const { address, pingSeconds, rate, bytes } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly address: string;
  readonly pingSeconds: number;
  /** Messages a second. */
  readonly rate: number;
  /** Of each. */
  readonly bytes: number;
};
const tickMs = 10;
const tracee = await TraceeServer.listen(address, { pingSeconds });
const message = Buffer.alloc(bytes, 1);
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
tell({ type: 'ready' });
await tracee.hasClients(1);
const left = tracee.hasClients(0).then(() => true);
const begun = performance.now();
let sent = 0;
// Tracee has room for a thousand events and then waits for its client: nothing piles up in front of its pings.
for (let isOver = false; !isOver; ) {
  const due = Math.floor(((performance.now() - begun) / 1_000) * rate) - sent;
  await Promise.race([left, tracee.flood(message, due)]);
  sent += due;
  isOver = (await Promise.race([left, sleep(tickMs)])) === true;
}
tell({ type: 'left', sent });
process.exit();
