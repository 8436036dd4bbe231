import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';
import { main } from '../../cli/main.ts';
import { parsePublicPem } from '../../fingerprint/keys.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import { verifyLease } from '../../fingerprint/lease-envelope.ts';
import type { Order } from '../../fingerprint/order.ts';
import { verifyOrder } from '../../fingerprint/order-envelope.ts';
import type { Report } from '../../fingerprint/report.ts';
import { workloadHash } from '../../fingerprint/workload-hash.ts';
import { approvalFor, itemFor } from '../fakes/approved.ts';
import { Child } from '../fakes/children.ts';
import { callControl } from '../fakes/control.ts';
import { driftOf } from '../fakes/drifting.ts';
import { enrolled } from '../fakes/enrolled.ts';
import { fakeIo } from '../fakes/io.ts';
import { aGap, aNovelty, anIncident, anInstance, aSupport, shop } from '../fakes/reports.ts';
import { version } from '../fakes/signed.ts';
import { baseline } from '../fakes/trust.ts';

const program = new URL('../fakes/collector-process.ts', import.meta.url);

let dir: string;
let undo: (() => Promise<unknown> | unknown)[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-collector-'));
  undo = [];
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  rmSync(dir, { recursive: true, force: true });
});

interface Running {
  readonly child: Child;
  readonly address: string;
  readonly controlSocket: string;
  readonly caFile: string;
  readonly joinTokenFile?: string;
  readonly commandKeyFile: string;
}

function launch(config: object = {}): Child {
  const child = new Child(program, {
    dataDir: dir,
    listen: '127.0.0.1:0',
    eventsJson: true,
    logLevel: 'warn',
    ...config,
  });
  undo.push(async () => {
    child.kill('SIGKILL');
    await child.ended();
  });
  return child;
}

async function start(config: object = {}): Promise<Running> {
  const child = launch(config);
  const ready = await child.line((line) => line.type === 'collector-ready');
  return { child, ...(ready as unknown as Omit<Running, 'child'>) };
}

/** An agent as the collector sees it. */
class Agent implements Downlink {
  readonly uplink: GrpcUplink;
  readonly session: string;
  readonly orders: Order[] = [];
  readonly leases: Lease[] = [];
  readonly fingerprints: string[] = [];
  readonly #collector: Running;
  readonly #ending = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #wake: (() => void)[] = [];
  acked = 0;
  connected = 0;

  constructor(
    collector: Running,
    session = '1'.repeat(32),
    about: { agent?: string; node?: string; cluster?: string; source?: string } = {},
  ) {
    this.#collector = collector;
    this.session = session;
    this.uplink = new GrpcUplink({
      address: collector.address,
      agent: 'agent-1',
      node: 'node-1',
      cluster: 'local',
      session,
      version: 'test',
      source: 'fake',
      coverage: ['exec'],
      random: () => 0,
      ...about,
      identity: enrolled(collector.caFile, about),
    });
    undo.push(() => this.stop());
  }
  async start(): Promise<this> {
    this.#run = this.uplink.run(this, this.#ending.signal);
    await this.until(() => this.connected > 0);
    return this;
  }
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#run;
  }
  onWelcome(): void {}
  onAck(seq: number): void {
    this.acked = Math.max(this.acked, seq);
    this.#told();
  }
  onFingerprint(envelope: Uint8Array): void {
    this.fingerprints.push(Buffer.from(envelope).toString());
    this.#told();
  }
  onLease(envelope: Uint8Array): void {
    const key = parsePublicPem(readFileSync(this.#collector.commandKeyFile, 'utf8'));
    this.leases.push(verifyLease(envelope, [key]));
    this.#told();
  }
  onOrder(envelope: Uint8Array): void {
    const key = parsePublicPem(readFileSync(this.#collector.commandKeyFile, 'utf8'));
    this.orders.push(verifyOrder(envelope, [key]));
    this.#told();
  }
  onState(state: 'connected' | 'disconnected'): void {
    if (state === 'connected') this.connected += 1;
    this.#told();
  }
  #told(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
  async tell(...reports: readonly Report[]): Promise<void> {
    const first = this.acked + 1;
    for (const [i, report] of reports.entries()) expect(this.uplink.offer(first + i, report)).toBe(true);
    await this.until(() => this.acked >= first + reports.length - 1);
  }
}

const fresh = (over: Partial<ReturnType<typeof anIncident>> = {}): Report => ({
  type: 'incident',
  incident: anIncident({ last: Date.now() * 1000, ...over }),
});

describe('a bad rollout, as a person decides about it', () => {
  async function incidents(...args: readonly string[]) {
    const io = fakeIo();
    await main(['incidents', ...args, '--data-dir', dir], io);
    return { code: io.exitCode, out: io.stdout, err: io.stderr };
  }

  it('is one line for twenty copies; what was decided holds for what was seen, and is undone', async () => {
    const collector = await start();
    const agent = await new Agent(collector).start();
    const ofCopy = (n: number, ...drifts: readonly number[]): Report =>
      fresh({
        id: n.toString(16).padEnd(64, 'a'),
        instance: { id: `shop-${n}`, node: 'node-1', startedAt: 1 },
        drifts: drifts.map((d) => driftOf(d)),
      });
    await agent.tell(...Array.from({ length: 20 }, (_, n) => ofCopy(n, 1)));
    const first = await incidents();
    expect([first.code, first.out]).toEqual([
      1,
      [expect.stringMatching(/^critical [0-9a-f]{12} \S+ ×20 on 20 copies\/1 node: shop ran/)],
    ]);
    const id = first.out[0]?.split(' ')[1] ?? '';
    await incidents('false-positive', id, '--reason', 'CHG-4711');
    await agent.tell(ofCopy(20, 1));
    expect(await incidents()).toEqual({ code: 0, out: [], err: ['no incidents'] });

    await agent.tell(ofCopy(3, 1, 2));
    const more = await incidents();
    expect([more.code, more.out.length, more.out[0]?.includes(id)]).toEqual([1, 1, false]);
    await incidents('undo', id, '--reason', 'not harmless after all');
    expect((await incidents()).out).toHaveLength(2);
    const { out } = await incidents(id);
    expect(out.filter((line) => line.includes('history'))).toEqual([
      expect.stringMatching(/ local:\S+: false-positive: CHG-4711$/),
      expect.stringMatching(/ local:\S+: undone: not harmless after all$/),
    ]);
    expect(await incidents('contained', id, '--seen', '1', '--reason', 'x')).toMatchObject({
      code: 2,
      err: [expect.stringContaining('somebody was quicker')],
    });
  });
});

describe('a collector at its first start', () => {
  it('makes keys, tells where it is, and keeps its secrets to itself', async () => {
    const { controlSocket, joinTokenFile = '', caFile, child } = await start({ localJoin: true });
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect([mode(joinTokenFile), mode(controlSocket), mode(join(dir, 'collector'))]).toEqual([
      '600',
      '600',
      '700',
    ]);
    expect(readFileSync(caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
    expect((await callControl(controlSocket, 'GET', '/api/v1/status')).body).toMatchObject({
      mode: 'alert',
      agents: [],
      pid: child.pid,
    });
    child.kill('SIGTERM');
    expect(await child.ended()).toBe(0);
    expect(child.said).toBe('');
  });

  it('keeps identity, policy and what was stored over a restart', async () => {
    const first = await start();
    await (await new Agent(first).start()).tell(aNovelty(0), aSupport([0]), anInstance('shop-1'));
    await callControl(
      first.controlSocket,
      'POST',
      '/api/v1/policy/mode',
      '{"mode":"freeze","reason":"test"}',
      { 'if-match': '"0"' },
    );
    const before = (await callControl(first.controlSocket, 'GET', '/api/v1/status')).body;
    first.child.kill('SIGKILL');
    await first.child.ended();
    const second = await start();
    const after = (await callControl(second.controlSocket, 'GET', '/api/v1/status')).body;
    expect([after.id, after.mode]).toEqual([before.id, 'freeze']);
    expect(after.agents).toMatchObject([{ node: 'node-1', stored: 3, missing: 0 }]);
    expect(readFileSync(second.caFile)).toEqual(readFileSync(first.caFile));
  });
});

describe('a collector that cannot start says why', () => {
  it('when another runs on the same data directory: with its pid', async () => {
    const { child } = await start();
    const second = launch();
    expect(await second.ended()).toBe(2);
    expect(second.said).toMatch(
      new RegExp(`^whorl: another collector with pid ${child.pid} already runs on .*\n$`),
    );
  });

  it('when the port is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    undo.push(() => new Promise((resolve) => other.close(resolve)));
    const { port } = other.address() as { port: number };
    const child = launch({ listen: `127.0.0.1:${port}` });
    expect(await child.ended()).toBe(2);
    expect(child.said).toMatch(/^whorl: 127\.0\.0\.1:\d+ is in use; .*--listen\n$/);
  });

  it('when the file system is read-only', async () => {
    const at = mountTmpfs('size=1m');
    execFileSync('mount', ['-o', 'remount,ro', at]);
    const child = launch({ dataDir: at });
    expect(await child.ended()).toBe(2);
    expect(child.said).toMatch(/^whorl: .* read-only; name another place with --data-dir\n$/);
  });

  it('when the file system became read-only after an earlier run', async () => {
    const at = mountTmpfs('size=4m');
    const { child: first } = await start({ dataDir: at });
    first.kill('SIGTERM');
    await first.ended();
    execFileSync('mount', ['-o', 'remount,ro', at]);
    const child = launch({ dataDir: at });
    expect(await child.ended()).toBe(2);
    expect(child.said).toMatch(/^whorl: .* read-only; name another place with --data-dir\n$/);
  });

  it('when the data directory is a file', async () => {
    writeFileSync(join(dir, 'file'), '');
    const child = launch({ dataDir: join(dir, 'file') });
    expect(await child.ended()).toBe(2);
    expect(child.said).toMatch(/^whorl: .* is not a directory/);
  });

  it('when the database is of a newer release', async () => {
    const { child } = await start();
    child.kill('SIGTERM');
    await child.ended();
    const { default: Sqlite } = await import('better-sqlite3');
    const db = new Sqlite(join(dir, 'collector', 'whorl.db'));
    db.pragma('user_version = 99');
    db.close();
    const second = launch();
    expect(await second.ended()).toBe(2);
    expect(second.said).toMatch(/^whorl: .*\(schema 99, this one reads up to 3\)/);
  });
});

describe('a full disk', () => {
  it('is said once, nothing is acknowledged meanwhile, nothing is lost', async () => {
    const at = mountTmpfs('size=1m');
    const collector = await start({ dataDir: at });
    const agent = await new Agent(collector).start();
    const padded: Report = { ...aGap, reason: 'x'.repeat(1000) };
    let seq = 0;
    const failing = collector.child.line((line) => line.type === 'store' && line.state === 'failing');
    let full = false;
    void failing.then(() => {
      full = true;
    });
    while (!full) {
      while (agent.uplink.offer(seq + 1, padded)) seq += 1;
      await Promise.race([failing, agent.until(() => agent.acked >= seq)]);
    }
    const { acked } = agent;
    expect(acked).toBeLessThan(seq);
    execFileSync('mount', ['-o', 'remount,size=64m', at]);
    await collector.child.line((line) => line.type === 'store' && line.state === 'recovered');
    await agent.until(() => agent.acked === seq);
    const { body } = await callControl(collector.controlSocket, 'GET', '/api/v1/status');
    expect(body.agents).toMatchObject([{ stored: seq, missing: 0, refused: 0 }]);
  });
});

describe('orders', () => {
  it('are signed, bound to the session, sent again while unanswered, and never after the receipt', async () => {
    const collector = await start({ mode: 'kill' });
    const agent = await new Agent(collector).start();
    await agent.tell(anInstance('shop-1'), fresh());
    await agent.until(() => agent.orders.length === 1);
    expect(agent.orders[0]).toMatchObject({
      action: 'kill-subtree',
      session: agent.session,
      target: { node: 'node-1', instance: 'shop-1' },
    });

    // The stream drops, the agent lives on: the very same order comes again.
    await agent.stop();
    const again = await new Agent(collector).start();
    await again.until(() => again.orders.length === 1);
    expect(again.orders[0]).toEqual(agent.orders[0]);

    // The agent itself starts anew: an order of its own, once.
    await again.stop();
    const anew = await new Agent(collector, '2'.repeat(32)).start();
    await anew.until(() => anew.orders.length === 1);
    expect(anew.orders[0]?.id).not.toBe(agent.orders[0]?.id);
    expect(anew.orders[0]?.session).toBe(anew.session);

    const { id } = anew.orders[0] ?? { id: '' };
    const receipt = {
      order: id,
      incident: anIncident().id,
      result: 'done',
      action: 'kill-subtree',
      stopped: [4711],
    } as const;
    await anew.tell({ type: 'receipt', receipt }, fresh({ more: 1 }));
    await collector.child.line((line) => line.type === 'receipt');
    await anew.stop();
    const last = await new Agent(collector, '3'.repeat(32)).start();
    await last.tell(
      fresh({ more: 2 }),
      fresh({ id: '2'.repeat(64), drifts: [{ ...anIncident().drifts[0]!, key: 'e'.repeat(64) }] }),
    );
    await last.until(() => last.orders.length === 1);
    expect(last.orders[0]?.target.incident).toBe('2'.repeat(64));

    const about = `/api/v1/occurrences/${anIncident().id}`;
    expect((await callControl(collector.controlSocket, 'GET', about)).body).toMatchObject({
      orders: [{}, {}],
      receipts: [receipt],
      decisions: [{ reason: 'all-allow', detail: expect.stringContaining('are killed: policy, approval') }],
    });
  });

  it('survive the collector: what was spent stays spent, what was unanswered is sent again', async () => {
    const collector = await start({ mode: 'kill', stopsPerWorkload: 1 });
    const agent = await new Agent(collector).start();
    await agent.tell(anInstance('shop-1'), fresh());
    await agent.until(() => agent.orders.length === 1);
    await agent.stop();
    collector.child.kill('SIGKILL');
    await collector.child.ended();

    const second = await start({ mode: 'kill', stopsPerWorkload: 1 });
    const back = await new Agent(second).start();
    await back.until(() => back.orders.length === 1);
    expect(back.orders[0]).toEqual(agent.orders[0]);
    const other = { ...anIncident().drifts[0]!, key: 'e'.repeat(64) };
    await back.tell(fresh({ id: '2'.repeat(64), drifts: [other] }));
    await back.until(() => back.orders.length === 2);
    expect(back.orders[1]).toMatchObject({
      action: 'hold',
      reason: expect.stringContaining('1 of 1 stops of this workload'),
    });
  });

  it('are not given when the policy says alert, and the reason is on record', async () => {
    const collector = await start();
    const agent = await new Agent(collector).start();
    await agent.tell(fresh());
    const decision = await collector.child.line((line) => line.type === 'decision');
    expect(decision).toMatchObject({ action: 'none', reason: 'policy-mode' });
    expect(agent.orders).toEqual([]);
  });
});

describe('leases', () => {
  /** For the image that the reports are about, approved up to kill. */
  async function approve({ controlSocket }: Running): Promise<void> {
    const fingerprint = version({}, { ...baseline, subject: shop.subject });
    for (const document of [fingerprint, approvalFor([itemFor(fingerprint)])]) {
      const answer = await callControl(controlSocket, 'POST', '/api/v1/documents', document);
      expect(answer).toMatchObject({ status: 200 });
    }
  }
  const beat = (agent: Agent) =>
    agent.uplink.heartbeat({
      time: Date.now() * 1000,
      counters: {},
      spool: { records: 0, bytes: 0, dropped: 0 },
    });

  it('come to whoever runs what a person approved, for a minute and for no more copies than can be spared', async () => {
    const collector = await start({ mode: 'kill', rolloutMinutes: 0 });
    const agent = await new Agent(collector).start();
    await agent.tell(anInstance('shop-1'), anInstance('shop-2'));
    await approve(collector);
    beat(agent);
    await agent.until(() => agent.leases.some((lease) => lease.stops > 0));
    const lease = agent.leases.find(({ stops }) => stops > 0);
    expect(lease).toMatchObject({
      session: agent.session,
      node: 'node-1',
      workload: workloadHash(shop),
      maxMode: 'kill',
      response: { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false },
    });
    // One copy has to go on serving.
    expect(lease?.ends).toBeLessThanOrEqual(1);
    const life = Date.parse(lease?.expiresAt ?? '') - Date.parse(lease?.issuedAt ?? '');
    expect(life).toBeLessThanOrEqual(60_000);
  });

  it('come to nobody while the policy only alerts', async () => {
    const collector = await start({ mode: 'alert', rolloutMinutes: 0 });
    const agent = await new Agent(collector).start();
    await agent.tell(anInstance('shop-1'));
    await approve(collector);
    beat(agent);
    // The collector has looked when it answers with what it would lend: nothing.
    await collector.child.line((line) => line.type === 'leases' && line.stops === 0);
    expect(agent.leases).toEqual([]);
  });
});

describe('two agents that watch one node, each with a source of its own', () => {
  it('are told of by name, while both run', async () => {
    const collector = await start();
    const first = await new Agent(collector, '1'.repeat(32), { source: 'falco' }).start();
    const second = await new Agent(collector, '2'.repeat(32), { agent: 'agent-2', source: 'tracee' }).start();
    expect(await collector.child.line((line) => line.type === 'agents-beside')).toMatchObject({
      node: 'node-1',
      agents: [
        { agent: 'agent-2', source: 'tracee' },
        { agent: 'agent-1', source: 'falco' },
      ],
    });
    const beside = async () => {
      const { body } = await callControl(collector.controlSocket, 'GET', '/api/v1/status');
      return (body.agents as { agent: string; beside: object[] }[]).map((a) => [a.agent, a.beside]);
    };
    expect(await beside()).toEqual([
      ['agent-1', [{ agent: 'agent-2', source: 'tracee' }]],
      ['agent-2', [{ agent: 'agent-1', source: 'falco' }]],
    ]);
    await second.stop();
    await collector.child.line((line) => line.type === 'agent' && line.state === 'disconnected');
    expect(await beside()).toEqual([
      ['agent-1', []],
      ['agent-2', []],
    ]);
    await first.stop();
  });

  it('are none where the nodes, or the clusters, are two', async () => {
    const collector = await start();
    await new Agent(collector).start();
    await new Agent(collector, '2'.repeat(32), { agent: 'agent-2', node: 'node-2' }).start();
    await new Agent(collector, '3'.repeat(32), { agent: 'agent-3', cluster: 'other' }).start();
    const { body } = await callControl(collector.controlSocket, 'GET', '/api/v1/status');
    expect(body.agents).toMatchObject([{ beside: [] }, { beside: [] }, { beside: [] }]);
  });
});

describe('local control', () => {
  it('shows what was learned, and hands it out as a baseline', async () => {
    const collector = await start();
    const agent = await new Agent(collector).start();
    await agent.tell(anInstance('shop-1'), aNovelty(0), aNovelty(1), aSupport([0, 1]));
    const { body } = await callControl(collector.controlSocket, 'GET', '/api/v1/workloads');
    const [workload] = body.items as { hash: string }[];
    expect(workload).toMatchObject({
      running: 1,
      novelties: 2,
      readiness: { ready: true, phases: ['steady'] },
    });
    const baseline = await callControl(collector.controlSocket, 'GET', `/api/v1/baselines/${workload?.hash}`);
    expect(baseline.body).toMatchObject({
      format: 'whorl-baseline/v1',
      coverage: ['exec', 'open'],
      observation: { events: 10 },
    });
  });

  it.each<[string, 'GET' | 'POST', string, string, number, RegExp]>([
    ['a path that is none', 'GET', '/nope', '', 404, /no such path/],
    ['a baseline nobody has', 'GET', `/api/v1/baselines/${'0'.repeat(64)}`, '', 404, /no workload/],
    ['a limit that is none', 'GET', '/api/v1/incidents?limit=x', '', 400, /query.limit must be/],
    [
      'a mode that is none',
      'POST',
      '/api/v1/policy/mode',
      '{"mode":"angry","reason":"test"}',
      400,
      /mode must be one of/,
    ],
    ['a policy that is no JSON', 'POST', '/api/v1/policy/mode', '{', 400, /JSON/],
    ['a fingerprint that is none', 'POST', '/api/v1/documents', '{"payload":""}', 400, /document is refused/],
    [
      'an order as a fingerprint',
      'POST',
      '/api/v1/documents',
      '{"payloadType":"application/vnd.whorl.command.v1+json","payload":"e30=","signatures":[{"sig":"AA=="}]}',
      400,
      /PAYLOAD_TYPE/,
    ],
  ])('answers %s in a sentence', async (_name, method, path, body, status, sentence) => {
    const { controlSocket } = await start();
    const answer = await callControl(controlSocket, method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(sentence);
  });
});

function mountTmpfs(options: string): string {
  const at = join(dir, 'small');
  mkdirSync(at);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', at]);
  undo.unshift(() => execFileSync('umount', ['-l', at]));
  return at;
}
