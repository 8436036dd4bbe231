import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import { GrpcIngest } from '../../collector/adapters/ingest-grpc.ts';
import { GroupCommit } from '../../collector/adapters/store-sqlite/group-commit.ts';
import type { AgentHandler, AgentLink, RawRecord } from '../../collector/ports.ts';
import { maxBatchBytes, maxBatchRecords } from '../../proto/convert.ts';
import { openGate } from '../fakes/open-gate.ts';
import { aGap } from '../fakes/reports.ts';
import { SmallFleet } from './support/small-fleet.ts';

const streams = 50;
/** Of one stream between arrival and commit (collector/adapters/ingest-grpc/agent-stream.ts). */
const batchesEach = 2;
/** Rows of one commit (collector/adapters/store-sqlite/group-commit.ts). */
const rowsOfCommit = 4096;

/** The collector's way from the wire into a commit, and a disk that commits when it is told to. */
class SlowCollector implements AgentHandler {
  /** Agents of each commit. */
  readonly commits: string[][] = [];
  waiting = { batches: 0, rows: 0, bytes: 0 };
  most = { batches: 0, rows: 0, bytes: 0 };
  /** Commits that had begun when the first record of the agent came. */
  readonly cameAt = new Map<string, number>();
  readonly #gates: (() => void)[] = [];
  readonly #commit = new GroupCommit(
    async (writes) => {
      this.commits.push(writes.map((w) => (w.kind === 'delivery' ? w.delivery.agent : '')));
      await new Promise<void>((resolve) => this.#gates.push(resolve));
      return writes.map(() => true);
    },
    async () => false,
  );

  async connected(): Promise<number> {
    return 0;
  }
  heartbeat(): void {}
  disconnected(): void {}

  async deliver({ hello }: AgentLink, records: readonly RawRecord[]): Promise<number> {
    const { agent, node } = hello;
    if (!this.cameAt.has(agent)) this.cameAt.set(agent, this.commits.length);
    const bytes = records.reduce((sum, { json }) => sum + json.length, 0);
    this.#count(1, records.length, bytes);
    const rows = records.map(({ seq }) => ['refused', seq, ''] as const);
    await this.#commit.add({ kind: 'delivery', delivery: { agent, node, acked: 0, rows } }, 1);
    this.#count(-1, -records.length, -bytes);
    return records.at(-1)?.seq ?? 0;
  }

  /** Lets one commit end, as soon as there is one. */
  async release(): Promise<void> {
    await this.until(() => this.#gates.length > 0);
    this.#gates.shift()?.();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #count(batches: number, rows: number, bytes: number): void {
    const now = this.waiting;
    this.waiting = { batches: now.batches + batches, rows: now.rows + rows, bytes: now.bytes + bytes };
    for (const key of ['batches', 'rows', 'bytes'] as const)
      this.most[key] = Math.max(this.most[key], this.waiting[key]);
  }
}

/** Offers as fast as the stream takes it, or one record alone. */
class Offering implements Downlink {
  readonly uplink: GrpcUplink;
  readonly #most: number;
  #next = 1;
  acked = 0;

  constructor(address: string, name: string, most: number) {
    const about = { agent: name, node: name, cluster: 'local', session: '0'.repeat(32) };
    this.uplink = new GrpcUplink({
      address,
      insecureLoopback: true,
      ...about,
      version: '1',
      source: 'test',
      coverage: ['exec'],
      random: () => 0,
    });
    this.#most = most;
  }
  onWelcome(): void {}
  onFingerprint(): void {}
  onOrder(): void {}
  onLease(): void {}
  onAck(seq: number): void {
    this.acked = Math.max(this.acked, seq);
    this.#offer();
  }
  onState(state: 'connected' | 'disconnected'): void {
    if (state === 'connected') this.#offer();
  }
  #offer(): void {
    while (this.#next <= this.#most && this.uplink.offer(this.#next, aGap)) this.#next += 1;
  }
}

describe(`${streams} agents that send as fast as they can, and a disk that is slow`, () => {
  let dir: string;
  let edge: GrpcIngest;
  const ending = new AbortController();
  const running: Promise<void>[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'whorl-slow-'));
  });
  afterEach(async () => {
    ending.abort();
    await Promise.all(running);
    await edge.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('have two batches each with the collector, and another agent waits for three commits at most', async () => {
    const collector = new SlowCollector();
    const address = `unix:${join(dir, 's')}`;
    edge = new GrpcIngest({ address, collectorId: 'c', gate: openGate });
    await edge.listen(collector);
    const start = (name: string, most: number): Offering => {
      const offering = new Offering(address, name, most);
      running.push(offering.uplink.run(offering, ending.signal));
      return offering;
    };
    for (let n = 0; n < streams; n++) start(`greedy-${n}`, Number.POSITIVE_INFINITY);
    await collector.until(() => collector.waiting.batches === streams * batchesEach);
    for (let commit = 0; commit < 20; commit++) await collector.release();
    await collector.until(() => collector.waiting.batches === streams * batchesEach);
    const late = start('late', 1);
    await collector.until(() => collector.cameAt.has('late'));
    while (late.acked < 1) await collector.release();
    const came = collector.cameAt.get('late') ?? 0;
    const served = collector.commits.findIndex((agents) => agents.includes('late'));
    // What is under way, and what was there before it.
    const ahead = Math.ceil((streams * batchesEach * maxBatchRecords) / rowsOfCommit);
    expect(served + 1 - came).toBeLessThanOrEqual(1 + ahead);
    expect(collector.most.batches).toBeLessThanOrEqual(streams * batchesEach + 1);
    expect(collector.most.rows).toBeLessThanOrEqual(streams * batchesEach * maxBatchRecords + 1);
    expect(collector.most.bytes).toBeLessThanOrEqual(streams * batchesEach * maxBatchBytes);
    // All of them were served, over and over.
    expect(new Set(collector.commits.flat()).size).toBe(streams + 1);
    for (let more = 0; more < 5; more++) await collector.release();
  });
});

describe('one agent that tells of 20 000 drifts as fast as it can', () => {
  let fleet: SmallFleet;
  afterEach(() => fleet?.close());

  it('lets another wait for few of its commits, is seen to flood, and what of it was folded is counted', async () => {
    fleet = await SmallFleet.start({ mode: 'alert', floodPerSecond: 100 });
    const greedy = await fleet.agent('node-greedy', ['copy-1']);
    const other = await fleet.agent('node-other', ['copy-2']);
    const total = 20_000;
    let put = 0;
    const flood = async (): Promise<void> => {
      for (; put < total; put += 200) {
        for (let n = 0; n < 200; n++) fleet.drift(fleet.drifting('node-greedy', 'copy-1'));
        await greedy.spool.flush();
      }
    };
    const flooding = flood();
    await greedy.until(() => greedy.acks > 20);
    const before = greedy.acks;
    fleet.drift(fleet.drifting('node-other', 'copy-2'));
    await other.drained();
    const waited = greedy.acks - before;
    const left = total - put + greedy.spool.stats().records;
    await flooding;
    await greedy.drained();
    await fleet.until(() =>
      fleet.lines.some(({ type, kind }) => type === 'node-incident' && kind === 'flood'),
    );
    const agent = greedy.agent;
    const rows = await fleet.read((db) => ({
      flood: db
        .prepare("SELECT count, detail FROM node_incidents WHERE kind = 'flood' AND agent = ?")
        .get(agent),
      flooded: db
        .prepare<[string], number>('SELECT flooded FROM agent_losses WHERE agent = ?')
        .pluck()
        .get(agent),
      kept: db.prepare<[], number>('SELECT count(*) FROM flooded').pluck().get(),
      stored: db
        .prepare<[string], number>('SELECT count(*) FROM occurrences WHERE agent = ?')
        .pluck()
        .get(agent),
    }));
    console.log(
      `fairness: another's record acknowledged after ${waited} acknowledgements of the one that floods, which had ${left} of ${total} records left`,
    );
    // Two acknowledgements are one commit at most.
    expect(waited).toBeLessThanOrEqual(60);
    expect(left).toBeGreaterThan(total / 4);
    expect(rows.flooded).toBeGreaterThan(total / 2);
    expect(rows.kept).toBeLessThanOrEqual(1000);
    expect((rows.stored ?? 0) + (rows.flooded ?? 0)).toBeGreaterThanOrEqual(total);
    expect(rows.flood).toMatchObject({ detail: expect.stringMatching(/more incidents than one node may/) });
  });
});
