import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcIngest } from '../../collector/adapters/ingest-grpc.ts';
import { tlsFiles } from '../../collector/adapters/keys/tls-files.ts';
import type { Gate } from '../../collector/ports/identities.ts';
import type { AgentHandler, AgentLink, RawRecord } from '../../collector/ports.ts';
import type { Report } from '../../fingerprint/report.ts';
import { loadProto } from '../../proto/load.ts';
import { enrolled, minted } from '../../test/fakes/enrolled.ts';
import { openGate } from '../../test/fakes/open-gate.ts';
import { aGap, aNovelty, anIncident } from '../../test/fakes/reports.ts';
import type { Downlink } from '../ports/uplink.ts';
import { backoffMs } from './retry/backoff.ts';
import type { UplinkOptions } from './uplink-grpc/endpoint.ts';
import { GrpcUplink } from './uplink-grpc.ts';

let dir: string;
let ending: AbortController;
let running: Promise<void>[];
let edges: GrpcIngest[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-uplink-'));
  ending = new AbortController();
  running = [];
  edges = [];
});
afterEach(async () => {
  ending.abort();
  await Promise.all(running);
  await Promise.all(edges.map((edge) => edge.close()));
  rmSync(dir, { recursive: true });
});

/** A collector that remembers, and acknowledges when it is told to. */
class Remembering implements AgentHandler {
  links: AgentLink[] = [];
  records: RawRecord[] = [];
  batches = 0;
  beats = 0;
  stored = 0;
  hold = false;
  #release: (() => void)[] = [];

  async connected(link: AgentLink): Promise<number> {
    this.links.push(link);
    return this.stored;
  }
  async deliver(_link: AgentLink, records: readonly RawRecord[]): Promise<number> {
    this.batches += 1;
    this.records.push(...records);
    if (this.hold) await new Promise<void>((resolve) => this.#release.push(resolve));
    this.stored = Math.max(this.stored, records.at(-1)?.seq ?? 0);
    return this.stored;
  }
  heartbeat(): void {
    this.beats += 1;
  }
  disconnected(): void {}
  release(): void {
    this.hold = false;
    for (const go of this.#release.splice(0)) go();
  }
}

/** An agent's end: what came down, and a way to wait for it. */
class Recording implements Downlink {
  acks: number[] = [];
  states: string[] = [];
  orders: string[] = [];
  fingerprints: string[] = [];
  order: string[] = [];
  #wake: (() => void)[] = [];

  onWelcome(): void {}
  onAck(seq: number): void {
    this.acks.push(seq);
    this.#told(`ack ${seq}`);
  }
  /** Looks at nothing until it is released. */
  busy = false;
  #busyWith: (() => void)[] = [];

  onFingerprint(envelope: Uint8Array, taken: () => void = () => undefined): void {
    this.fingerprints.push(Buffer.from(envelope).toString());
    this.#look(taken);
    this.#told('fingerprint');
  }
  onOrder(envelope: Uint8Array, taken: () => void = () => undefined): void {
    this.orders.push(Buffer.from(envelope).toString());
    this.#look(taken);
    this.#told('order');
  }
  leases: string[] = [];
  onLease(envelope: Uint8Array, taken: () => void = () => undefined): void {
    this.leases.push(Buffer.from(envelope).toString());
    this.#look(taken);
    this.#told('lease');
  }
  #look(taken: () => void = () => undefined): void {
    if (this.busy) this.#busyWith.push(taken);
    else taken();
  }
  release(): void {
    this.busy = false;
    for (const taken of this.#busyWith.splice(0)) taken();
  }
  onState(state: 'connected' | 'disconnected', detail: string): void {
    this.states.push(`${state}: ${detail}`);
    this.#told(state);
  }
  #told(what: string): void {
    this.order.push(what);
    for (const wake of this.#wake.splice(0)) wake();
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}

async function listen(
  handler: AgentHandler,
  address = `unix:${join(dir, 's')}`,
  tls?: { certificate: Buffer; key: Buffer; ca: string },
  gate = openGate,
) {
  const options = tls === undefined ? {} : { tls };
  const edge = new GrpcIngest({ address, collectorId: 'c', gate, ...options });
  edges.push(edge);
  return edge.listen(handler);
}

function connect(over: Partial<UplinkOptions> = {}): { uplink: GrpcUplink; down: Recording } {
  const uplink = new GrpcUplink({
    address: `unix:${join(dir, 's')}`,
    insecureLoopback: true,
    agent: 'a1',
    node: 'node-1',
    cluster: 'local',
    session: '0'.repeat(32),
    version: '1',
    source: 'test',
    coverage: ['exec'],
    random: () => 0,
    ...over,
  });
  const down = new Recording();
  running.push(uplink.run(down, ending.signal));
  return { uplink, down };
}

describe('uplink', () => {
  it('says what is stored before it says connected', async () => {
    const collector = new Remembering();
    collector.stored = 41;
    await listen(collector);
    const { down } = connect();
    await down.until(() => down.states.length === 1);
    expect(down.order).toEqual(['ack 41', 'connected']);
  });

  it('sends what is offered in one turn together and passes the acknowledgement on', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { uplink, down } = connect();
    expect(uplink.offer(1, aGap)).toBe(false);
    await down.until(() => down.states.length === 1);
    const offered: Report[] = [aNovelty(0), aGap, { type: 'incident', incident: anIncident() }];
    expect(offered.map((report, i) => uplink.offer(i + 1, report))).toEqual([true, true, true]);
    await down.until(() => down.acks.includes(3));
    expect(collector.batches).toBe(1);
    expect(collector.records.map((r) => [r.seq, r.kind])).toEqual([
      [1, 'novelty'],
      [2, 'gap'],
      [3, 'incident'],
    ]);
  });

  it('refuses more when too much is under way and takes it again after an acknowledgement', async () => {
    const collector = new Remembering();
    collector.hold = true;
    await listen(collector);
    const { uplink, down } = connect();
    await down.until(() => down.states.length === 1);
    let seq = 0;
    while (uplink.offer(seq + 1, aGap)) seq += 1;
    expect(seq).toBe(1024);
    collector.release();
    await down.until(() => down.acks.includes(1024));
    expect(uplink.offer(seq + 1, aGap)).toBe(true);
    await down.until(() => down.acks.includes(1025));
    expect(collector.records.map((r) => r.seq)).toEqual(Array.from({ length: 1025 }, (_, i) => i + 1));
  });

  it('reads no more envelopes than it can hold, and the rest once it has looked at those', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { down } = connect();
    await down.until(() => down.states.length === 1);
    down.busy = true;
    const envelope = new Uint8Array(2 * 1024 * 1024);
    for (let i = 0; i < 20; i += 1) collector.links[0]?.fingerprint(envelope);
    await down.until(() => down.fingerprints.length >= 9);
    // Nothing tells that nothing comes: a tenth of a second is a thousand times what an envelope takes here.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(down.fingerprints.length).toBe(9);
    down.release();
    await down.until(() => down.fingerprints.length === 20);
  });

  it('does not send twice what it already sent on this stream', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { uplink, down } = connect();
    await down.until(() => down.states.length === 1);
    expect([uplink.offer(1, aGap), uplink.offer(1, aGap), uplink.offer(2, aGap)]).toEqual([true, true, true]);
    await down.until(() => down.acks.includes(2));
    expect(collector.records.map((r) => r.seq)).toEqual([1, 2]);
  });

  it('comes back after a drop, tells what it was acknowledged, and can be offered the rest again', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { uplink, down } = connect();
    await down.until(() => down.states.length === 1);
    uplink.offer(1, aGap);
    await down.until(() => down.acks.includes(1));
    collector.links[0]?.refuse('shutting-down', 'a test');
    await down.until(() => down.states.length === 3);
    expect(down.states[1]).toBe('disconnected: a test');
    expect(collector.links[1]?.hello.acked).toBe(1);
    expect(uplink.offer(2, aGap)).toBe(true);
    await down.until(() => down.acks.includes(2));
  });

  it('brings orders, fingerprints and heartbeats', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { uplink, down } = connect();
    await down.until(() => down.states.length === 1);
    collector.links[0]?.fingerprint(Buffer.from('{"f":1}'));
    collector.links[0]?.order(Buffer.from('{"o":1}'));
    await down.until(() => down.orders.length === 1);
    expect([down.fingerprints, down.orders]).toEqual([['{"f":1}'], ['{"o":1}']]);
    uplink.heartbeat({ time: 1, counters: { events: 2 }, spool: { records: 0, bytes: 0, dropped: 0 } });
    uplink.offer(1, aGap);
    await down.until(() => down.acks.includes(1));
    expect(collector.beats).toBe(1);
  });

  it('makes a gap of a report that is too large to send', async () => {
    const collector = new Remembering();
    await listen(collector);
    const { uplink, down } = connect();
    await down.until(() => down.states.length === 1);
    uplink.offer(1, { type: 'incident', incident: anIncident({ sentence: 'x'.repeat(300_000) }) });
    await down.until(() => down.acks.includes(1));
    expect(String(collector.records[0]?.json)).toContain('report-too-large');
  });
});

describe('trust between the two ends', () => {
  const tlsIn = async (name: string) => {
    const files = await tlsFiles(join(dir, name), ['localhost', '127.0.0.1'], Date.now());
    return { ...files, ca: files.bundle };
  };

  it('is TLS with the pinned authority', async () => {
    const tls = await tlsIn('tls');
    const address = await listen(new Remembering(), '127.0.0.1:0', tls);
    const { down } = connect({ address, identity: enrolled(tls.caFile), insecureLoopback: false });
    await down.until(() => down.states.length === 1);
    expect(down.states[0]).toMatch(/^connected/);
  });

  it('is refused by the agent when another authority made the certificate', async () => {
    const [tls, other] = [await tlsIn('tls'), await tlsIn('other')];
    const collector = new Remembering();
    const address = await listen(collector, '127.0.0.1:0', tls);
    const { down } = connect({ address, identity: enrolled(other.caFile), insecureLoopback: false });
    await down.until(() => down.states.length === 1);
    expect(down.states[0]).toMatch(/^disconnected: .*certificate/);
    expect(collector.links).toEqual([]);
  });

  it("is refused by the agent when an agent's certificate is shown for a collector's", async () => {
    const { caFile, bundle } = await tlsIn('tls');
    const stolen = await minted(caFile, { node: 'localhost' });
    const tls = { certificate: stolen.certificate, key: stolen.key, ca: bundle };
    const address = await listen(new Remembering(), '127.0.0.1:0', tls);
    const { down } = connect({ address, identity: enrolled(caFile), insecureLoopback: false });
    await down.until(() => down.states.length === 1);
    expect(down.states[0]).toMatch(/^disconnected: .*certificate purpose/);
  });

  it('is not tried, with the sentence, while there is no certificate to show', async () => {
    const identity = { current: async () => 'there is none', refused: () => undefined };
    const { down } = connect({ identity, insecureLoopback: false });
    await down.until(() => down.states.length === 1);
    expect(down.states[0]).toBe('disconnected: there is none');
  });

  it('tells why it was refused to whoever keeps the certificate', async () => {
    const tls = await tlsIn('tls');
    const refused: string[] = [];
    const gate: Gate = {
      ...openGate,
      admit: async () => ({ refused: 'certificate-unknown', sentence: 'none of ours' }),
    };
    const address = await listen(new Remembering(), '127.0.0.1:0', tls, gate);
    const identity = { ...enrolled(tls.caFile), refused: (code: string) => void refused.push(code) };
    const { down } = connect({ address, identity, insecureLoopback: false });
    await down.until(() => down.states.length === 1);
    expect([down.states[0], refused]).toEqual(['disconnected: none of ours', ['certificate-unknown']]);
  });

  it('goes on with a renewed certificate without waiting and without losing anything', async () => {
    const tls = await tlsIn('tls');
    const collector = new Remembering();
    collector.hold = true;
    const address = await listen(collector, '127.0.0.1:0', tls);
    const [first, second] = [await minted(tls.caFile), await minted(tls.caFile)];
    let shown = { ...first, renewAt: Date.now() };
    const identity = { current: async () => shown, refused: () => undefined };
    // Whoever waits before he comes back waits for ever here.
    const { uplink, down } = connect({ address, identity, insecureLoopback: false, random: () => 1e9 });
    await down.until(() => down.states.length === 1);
    uplink.offer(1, aNovelty(1));
    shown = second;
    await down.until(() => down.states.length === 3);
    collector.release();
    uplink.offer(1, aNovelty(1));
    await down.until(() => down.acks.includes(1));
    expect(down.states[1]).toBe('disconnected: its certificate was renewed');
  });

  it.each(['collector.example:7443', '10.0.0.1:7443', '127.0.0.1.evil.example:7443'])(
    'is never unencrypted to %s',
    (address) => {
      expect(() => connect({ address })).toThrow(/unencrypted/);
    },
  );

  it('is never unencrypted at the collector beyond loopback', async () => {
    await expect(listen(new Remembering(), '0.0.0.0:0')).rejects.toThrow(/unencrypted/);
  });
});

describe('another version of the protocol', () => {
  it('is told in a sentence by an agent that meets it', async () => {
    const server = new Server();
    server.addService(loadProto('whorl.proto').service('whorl.v1.Collector'), {
      Connect: (call: {
        write: (m: object) => void;
        end: () => void;
        on: (e: string, f: () => void) => void;
      }) => {
        call.on('data', () => undefined);
        call.on('end', () => call.end());
        call.write({ welcome: { protocol_version: 3, collector_id: 'c', stored_seq: 0 } });
      },
    });
    const address = `unix:${join(dir, 'new')}`;
    await new Promise((resolve) => server.bindAsync(address, ServerCredentials.createInsecure(), resolve));
    const { down } = connect({ address });
    await down.until(() => down.states.length === 1);
    expect(down.states[0]).toMatch(/disconnected: the collector speaks version 3 of the protocol/);
    server.forceShutdown();
  });
});

describe('backoffMs', () => {
  it('grows to half a minute and spreads over its upper half', () => {
    expect([0, 1, 2, 20].map((n) => backoffMs(n, 1))).toEqual([250, 500, 1000, 30_000]);
    expect([0, 1, 2, 20].map((n) => backoffMs(n, 0))).toEqual([125, 250, 500, 15_000]);
  });
});
