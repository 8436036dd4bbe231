import { Client, credentials } from '@grpc/grpc-js';
import type { NodeCertificate } from '../../agent/ports/uplink.ts';
import {
  agentMessageToWire,
  maxBatchRecords,
  parseCollectorMessage,
  type WireRecord,
} from '../../proto/convert.ts';
import { loadProto } from '../../proto/load.ts';

const proto = loadProto('whorl.proto');
const method = proto.method('whorl.v1.Collector', 'Connect');
const codec = proto.codec('whorl.v1.AgentMessage');

/** Batches of one agent on their way: as the product's uplink, whose window is 1 024 records. */
const window = 16;

/** One agent's stream. Messages are encoded before the clock starts: what an agent costs is not measured here. */
export class BenchAgent {
  readonly #client: Client;
  readonly #stream;
  readonly #welcome = Promise.withResolvers<void>();
  #order = Promise.withResolvers<number>();
  #seq = 0;
  #acked = 0;
  #wake: () => void = () => undefined;

  constructor(address: string, shown: NodeCertificate, node: string) {
    this.#client = new Client(address, credentials.createSsl(shown.ca, shown.key, shown.certificate), {
      // A connection of its own for each.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    });
    const asIs = (bytes: Buffer): Buffer => bytes;
    this.#stream = this.#client.makeBidiStreamRequest(method.path, asIs, method.responseDeserialize);
    this.#stream.on('data', (wire: object) => this.#receive(wire));
    this.#stream.on('error', (error) => this.#welcome.reject(error));
    this.#stream.write(codec.encode(agentMessageToWire({ kind: 'hello', hello: helloOf(node) })));
  }

  #receive(wire: object): void {
    const message = parseCollectorMessage(wire);
    if (message.kind === 'refused') throw new Error(message.sentence);
    if (message.kind === 'ack') this.#acked = message.seq;
    if (message.kind === 'welcome') this.#welcome.resolve();
    if (message.kind === 'order') this.#order.resolve(monotonicMs());
    this.#wake();
  }

  welcomed(): Promise<void> {
    return this.#welcome.promise;
  }

  /** When the next order was here, by the clock all processes share. */
  async ordered(): Promise<number> {
    const at = await this.#order.promise;
    this.#order = Promise.withResolvers();
    return at;
  }

  /** Batches for `send`. */
  encode(reports: readonly string[]): Buffer[] {
    const records: WireRecord[] = reports.map((json) => ({
      seq: ++this.#seq,
      kind: 'incident',
      json: Buffer.from(json),
    }));
    const batches: Buffer[] = [];
    for (let at = 0; at < records.length; at += maxBatchRecords) {
      const batch = { kind: 'batch', records: records.slice(at, at + maxBatchRecords) } as const;
      batches.push(codec.encode(agentMessageToWire(batch)));
    }
    return batches;
  }

  /** Resolves when everything is acknowledged: durable. */
  async send(batches: readonly Buffer[]): Promise<void> {
    const first = this.#acked;
    for (const [i, batch] of batches.entries()) {
      while (i * maxBatchRecords - (this.#acked - first) >= window * maxBatchRecords) await this.#ack();
      this.#stream.write(batch);
    }
    while (this.#acked < this.#seq) await this.#ack();
  }

  #ack(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#stream.on('error', () => undefined);
    this.#stream.cancel();
    this.#client.close();
  }
}

/** CLOCK_MONOTONIC: the same for every process of the machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function helloOf(node: string) {
  return {
    agent: `agent-${node}`,
    node,
    cluster: 'default',
    session: '0'.repeat(32),
    version: 'bench',
    source: 'bench',
    coverage: [],
    acked: 0,
  };
}
