import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk } from '../../agent/fingerprint-desk.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { parsePublicPem } from '../../fingerprint/keys.ts';
import { learnerTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { Report } from '../../fingerprint/report.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { workload } from '../fakes/behaviours.ts';
import { Child } from '../fakes/children.ts';
import { callControl } from '../fakes/control.ts';
import { enrolled } from '../fakes/enrolled.ts';
import { policy as vendorsOnly } from '../fakes/trust.ts';
import { Desk, ref } from '../fakes/watch-desk.ts';

/** A real collector in a process of its own, the agent's own core on this side of the wire. */
let dir: string;
let undo: (() => Promise<unknown> | unknown)[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-provisional-'));
  undo = [];
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  rmSync(dir, { recursive: true, force: true });
});

interface Collector {
  readonly child: Child;
  readonly address: string;
  readonly controlSocket: string;
  readonly caFile: string;
  readonly learnerKeyFile: string;
}

async function collecting(): Promise<Collector> {
  const child = new Child(new URL('../fakes/collector-process.ts', import.meta.url), {
    dataDir: dir,
    listen: '127.0.0.1:0',
    eventsJson: true,
    logLevel: 'error',
    thresholds: 'demo',
    readinessSeconds: 1,
    mode: 'kill',
  });
  undo.push(async () => {
    child.kill('SIGKILL');
    await child.ended();
  });
  const ready = await child.line((line) => line.type === 'collector-ready');
  return { child, ...(ready as unknown as Omit<Collector, 'child'>) };
}

class Link implements Downlink {
  readonly fingerprints: Uint8Array[] = [];
  readonly orders: Uint8Array[] = [];
  readonly #uplink: GrpcUplink;
  readonly #ending = new AbortController();
  #wake: (() => void)[] = [];
  #acked = 0;
  #connected = false;

  constructor({ address, caFile }: Collector, agent = 'agent-1', node = 'node-1') {
    const hello = { agent, node, cluster: workload.cluster, session: '1'.repeat(32), version: 'test' };
    const random = () => 0;
    this.#uplink = new GrpcUplink({
      ...hello,
      address,
      identity: enrolled(caFile, { node, cluster: workload.cluster }),
      source: 'fake',
      coverage: ['exec'],
      random,
    });
  }
  async start(): Promise<this> {
    const run = this.#uplink.run(this, this.#ending.signal);
    undo.push(async () => {
      this.#ending.abort();
      await run;
    });
    await this.until(() => this.#connected);
    return this;
  }
  onWelcome(): void {}
  onAck(seq: number): void {
    this.#acked = seq;
    this.#told();
  }
  onFingerprint(envelope: Uint8Array): void {
    this.fingerprints.push(envelope);
    this.#told();
  }
  onLease(): void {}
  onOrder(envelope: Uint8Array): void {
    this.orders.push(envelope);
    this.#told();
  }
  onState(state: 'connected' | 'disconnected'): void {
    this.#connected = state === 'connected';
    this.#told();
  }
  #told(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
  async tell(reports: readonly Report[]): Promise<void> {
    const last = this.#acked + reports.length;
    for (const [i, report] of reports.entries()) this.#uplink.offer(last - reports.length + 1 + i, report);
    await this.until(() => this.#acked >= last);
  }
}

/** What two copies of a service show that start, listen and serve; the second shows it again. */
const teach = (desk: Desk, copy: number): void => {
  desk.start(copy, '/entry.sh', '/usr/sbin/nginx');
  desk.see({ kind: 'listen', process: ref(copy), transport: 'tcp', address: '0.0.0.0', port: 80 });
  desk.open(copy, '/srv/index.html');
};
const reportsOf = (desk: Desk): Report[] => [
  ...desk.out.flatMap((o) => (o.type === 'report' ? [o.report] : [])),
  ...desk.watch.support(9_000_000).flatMap((o) => (o.type === 'report' ? [o.report] : [])),
];

/** A node whose trust policy is this. */
function deskWith(trust: TrustPolicy) {
  const lines: StateLine[] = [];
  const counters = new Counters();
  const desk = new FingerprintDesk({
    source: {
      envelopes: async function* () {},
      keep: async () => undefined,
      copy: async () => undefined,
      forget: async () => undefined,
      has: async () => false,
    },
    acceptPolicy: async () => false,
    platform: { os: 'linux', architecture: 'amd64' },
    onChanged: () => undefined,
    state: { load: async () => ({ streams: {}, aliveAt: 0 }), save: async () => undefined },
    trust: async () => trust,
    now: Date.now,
    counters,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    say: (line) => lines.push(line),
  });
  return { desk, lines, counters };
}

const learnerPolicy = ({ learnerKeyFile }: Collector): TrustPolicy =>
  learnerTrustPolicy({
    learnerKey: parsePublicPem(readFileSync(learnerKeyFile, 'utf8')),
    issuedAt: '2026-01-01T00:00:00Z',
  });

async function learned(): Promise<{ collector: Collector; link: Link }> {
  const collector = await collecting();
  const link = await new Link(collector).start();
  const school = new Desk();
  for (const copy of [100, 200]) teach(school, copy);
  await link.tell(reportsOf(school));
  await link.until(() => link.fingerprints.length > 0);
  return { collector, link };
}

describe('what was learned', () => {
  it('alerts on its own, one step less grave, and stops nothing however the policy reads', async () => {
    const { collector, link } = await learned();
    const signed = await collector.child.line((line) => line.type === 'provisional');
    expect(signed).toMatchObject({ version: 1, phases: ['start', 'steady'] });

    const node = deskWith(learnerPolicy(collector));
    expect(await node.desk.accept(link.fingerprints[0] ?? new Uint8Array(), 'collector')).toBe(true);
    const inForce = node.desk.judging(workload);
    expect(inForce?.approval).toMatchObject({
      provisional: true,
      maxMode: 'alert',
      signedBy: 'learned by the collector',
    });
    // Another tenant's copies of the same image are none of its business.
    const elsewhere: Workload = { ...workload, namespace: 'bank' };
    expect(node.desk.judging(elsewhere)).toBeUndefined();

    const judged = new Desk();
    judged.watch.setInForce(workload, inForce);
    teach(judged, 300);
    expect([judged.drifts(), judged.novelties()]).toEqual([[], []]);
    judged.run(300, 301, '/bin/sh');
    const [incident] = judged.incidents();
    expect(incident).toMatchObject({ severity: 'medium', approval: { provisional: true } });

    const now = Date.now() * 1000;
    if (incident !== undefined) await link.tell([{ type: 'incident', incident: { ...incident, last: now } }]);
    expect(await collector.child.line((line) => line.type === 'decision')).toMatchObject({
      action: 'none',
      reason: 'provisional',
    });
    expect(link.orders).toEqual([]);
  });

  it('stays as it was signed: what comes later is not learned by the back door', async () => {
    const { collector, link } = await learned();
    const late = new Desk();
    teach(late, 400);
    late.run(400, 401, '/usr/bin/curl');
    await link.tell(reportsOf(late));
    await collector.child.line((line) => line.type === 'readiness');
    const { body } = await callControl(collector.controlSocket, 'GET', '/api/v1/workloads');
    expect(body.items).toMatchObject([{ provisional: { version: 1, phases: ['start', 'steady'] } }]);
    const node = deskWith(learnerPolicy(collector));
    await node.desk.accept(link.fingerprints.at(-1) ?? new Uint8Array(), 'collector');
    const judged = new Desk();
    judged.watch.setInForce(workload, node.desk.judging(workload));
    teach(judged, 300);
    judged.run(300, 301, '/usr/bin/curl');
    expect(judged.drifts()).toEqual(['/entry.sh>/usr/sbin/nginx>/usr/bin/curl exec new-program']);
  });

  it('reaches an agent that starts a copy later, and one that comes back', async () => {
    const { collector, link } = await learned();
    const other = await new Link(collector, 'agent-2', 'node-2').start();
    expect(other.fingerprints).toEqual([]);
    const copy = new Desk({ node: 'node-2' });
    copy.start(500, '/entry.sh');
    await other.tell(reportsOf(copy).filter((r) => r.type === 'instance'));
    await other.until(() => other.fingerprints.length === 1);
    expect(other.fingerprints[0]).toEqual(link.fingerprints[0]);
    const back = await new Link(collector, 'agent-2', 'node-2').start();
    await back.until(() => back.fingerprints.length === 1);
  });

  it('is refused by a node whose policy names no learner, which says so', async () => {
    const { link } = await learned();
    const node = deskWith(vendorsOnly);
    expect(await node.desk.accept(link.fingerprints[0] ?? new Uint8Array(), 'collector')).toBe(false);
    expect(node.lines).toMatchObject([{ type: 'fingerprint-refused', code: 'NO_LEARNER' }]);
    expect(node.counters.snapshot()).toEqual({ 'fingerprints.refused.NO_LEARNER': 1 });
    expect(node.desk.judging(workload)).toBeUndefined();
  });
});

describe('a workload whose starts nobody saw', () => {
  it('is judged by its daily work, and by its starts once they are known', async () => {
    const collector = await collecting();
    const link = await new Link(collector).start();
    const found = new Desk();
    for (const copy of [100, 200]) {
      found.found(copy, copy, '/usr/sbin/nginx');
      found.open(copy, '/srv/index.html');
    }
    await link.tell(reportsOf(found));
    await link.until(() => link.fingerprints.length === 1);
    const node = deskWith(learnerPolicy(collector));
    await node.desk.accept(link.fingerprints[0] ?? new Uint8Array(), 'collector');
    expect(node.desk.judging(workload)).toMatchObject({ phases: ['steady'] });
    const restarts = () => callControl(collector.controlSocket, 'GET', '/api/v1/workloads');
    expect((await restarts()).body.items).toMatchObject([{ running: 2, starts: 0 }]);

    // They are restarted: the starts are learned, the rest is judged as the program that it is.
    const restarted = new Desk();
    restarted.watch.setInForce(workload, node.desk.judging(workload));
    for (const copy of [300, 400]) teach(restarted, copy);
    expect(restarted.drifts()).toEqual([]);
    await link.tell(reportsOf(restarted));
    await link.until(() => link.fingerprints.length === 2);
    await node.desk.accept(link.fingerprints[1] ?? new Uint8Array(), 'collector');
    const both = node.desk.judging(workload);
    expect([both?.phases, both?.approval.version]).toEqual([undefined, 2]);
    const judged = new Desk();
    judged.watch.setInForce(workload, both);
    teach(judged, 500);
    expect(judged.drifts()).toEqual([]);
    judged.open(500, '/srv/other');
    expect(judged.drifts()).toEqual(['/entry.sh>/usr/sbin/nginx open new-file']);
  });
});
