import { readFileSync } from 'node:fs';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxAgentMessageBytes } from '../../proto/convert.ts';
import { minted } from '../fakes/enrolled.ts';
import { SmallFleet } from './support/small-fleet.ts';

const hugeBytes = 100 << 20;
const gzip = 2;
const times = 4;

let fleet: SmallFleet;
beforeAll(async () => {
  fleet = await SmallFleet.start({ mode: 'alert' });
});
afterAll(() => fleet?.close());

/** The most memory the collector ever had, in bytes. */
function peak(): number {
  const said = readFileSync(`/proc/${fleet.collector.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(said)?.[1]) * 1024;
}

/** A node with a certificate of its own sends these bytes as one message. @returns how the stream ends */
async function send(bytes: Buffer, compression: number): Promise<number> {
  const { ca, key, certificate } = await minted(String(fleet.ready.caFile), { node: 'node-evil' });
  const client = new Client(
    String(fleet.ready.address),
    credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(certificate)),
    { 'grpc.max_send_message_length': -1, 'grpc.default_compression_algorithm': compression },
  );
  try {
    const call = client.makeBidiStreamRequest<Buffer, Buffer>(
      '/whorl.v1.Collector/Connect',
      (message) => message,
      (message) => message,
    );
    return await new Promise<number>((resolve) => {
      call.on('status', ({ code }) => resolve(code));
      call.on('error', () => undefined);
      call.on('data', () => undefined);
      call.write(bytes);
    });
  } finally {
    client.close();
  }
}

describe('a batch of 100 MB', () => {
  it.each<[string, () => Buffer, number]>([
    ['as it is', () => Buffer.alloc(hugeBytes, 0x0a), 0],
    ['that is small on the wire', () => Buffer.alloc(hugeBytes), gzip],
  ])('%s ends the stream of its sender, costs no memory, and others go on', async (_name, make, how) => {
    const other = await fleet.agent(`node-${how}`, [`copy-${how}`]);
    const before = peak();
    const bytes = make();
    for (let again = 0; again < times; again++)
      expect(await send(bytes, how)).toBe(status.RESOURCE_EXHAUSTED);
    fleet.drift(fleet.drifting(`node-${how}`, `copy-${how}`));
    await other.drained();
    // Together less than one of them: what is never held whole. Some of it is what any work makes a process grow by.
    expect(peak() - before).toBeLessThan(hugeBytes);
    expect(maxAgentMessageBytes).toBeLessThan(hugeBytes / 10);
  });
});
