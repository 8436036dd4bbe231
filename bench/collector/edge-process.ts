import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GrpcIngest } from '../../collector/adapters/ingest-grpc.ts';
import type { AgentLink } from '../../collector/ports.ts';
import { openGate } from '../../test/fakes/open-gate.ts';
import { monotonicMs } from './agents.ts';
import type { Ordered } from './protocol.ts';

/** The collector's own edge and nothing behind it: one order to every stream at once is nothing a brake would let pass. */

/** A signed order has 700 to 900 bytes. */
const envelope = new Uint8Array(800).fill(0x61);

const links: AgentLink[] = [];
const tls = dirname(process.argv[2] ?? '');
const edge = new GrpcIngest({
  address: '127.0.0.1:0',
  tls: {
    certificate: readFileSync(join(tls, 'server.pem')),
    key: readFileSync(join(tls, 'server.key')),
    ca: readFileSync(join(tls, 'ca.pem'), 'utf8'),
  },
  gate: openGate,
  collectorId: 'bench',
});
const address = await edge.listen({
  connected: async (link) => {
    links.push(link);
    return 0;
  },
  deliver: async () => 0,
  heartbeat: () => undefined,
  disconnected: () => undefined,
});

process.on('message', () => {
  const began = monotonicMs();
  for (const link of links) link.order(envelope);
  process.send?.({ began, written: monotonicMs() } satisfies Ordered);
});
process.on('disconnect', () => process.exit(0));
process.send?.(address);
