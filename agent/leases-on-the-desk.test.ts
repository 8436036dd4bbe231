import { afterEach, describe, expect, it } from 'vitest';
import type { PrivateKey } from '../fingerprint/keys.ts';
import type { Lease } from '../fingerprint/lease.ts';
import { signLease } from '../fingerprint/lease-envelope.ts';
import { signOrder } from '../fingerprint/order-envelope.ts';
import type { Response } from '../fingerprint/response.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { FakeWorld } from '../test/fakes/agent-ports.ts';
import { approvalFor, itemFor } from '../test/fakes/approved.ts';
import {
  attack,
  cart,
  endAll,
  inForce,
  order,
  ref,
  reportsOf,
  signed,
  start,
} from '../test/fakes/cart-node.ts';
import { commander, stranger } from '../test/fakes/trust.ts';
import { disarmLabel } from './core/kubernetes/disarm-label.ts';
import type { ObjectSink } from './ports/containers.ts';

afterEach(endAll);

const killing: Response = { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false };
const seconds = (s: number): number => s * 1_000_000;

/** A node on which the cart is judged and its stop was approved, with one copy of it: pid and cgroup 100. */
async function judged(): Promise<FakeWorld> {
  const world = start();
  await inForce(world);
  return world;
}

let seq = 0;
/** Resolves when the agent has looked at it. */
function grant(world: FakeWorld, change: Partial<Lease> = {}, key: PrivateKey = commander): Promise<void> {
  const told = reportsOf(world, 'novelty')[0];
  if (told === undefined) throw new Error('nothing is known of the cart yet');
  seq += 1;
  const lease: Lease = {
    id: `lease-${seq}`,
    session: 'a'.repeat(32),
    seq,
    node: 'node-1',
    workload: workloadHash(told.workload),
    stops: 2,
    ends: 0,
    response: killing,
    maxMode: 'kill',
    issuedAt: '2026-05-03T12:00:00Z',
    expiresAt: '2026-05-03T12:01:00Z',
    ...change,
  };
  return new Promise((taken) => world.downlink?.onLease(signLease(lease, key), taken));
}

const receipt = async (world: FakeWorld, n = 0) =>
  (await world.until(() => reportsOf(world, 'receipt')[n])).receipt;

/** Another dropped program, started by the cart: in the same incident, because it is the same drift. */
function again(world: FakeWorld, n: number, child: number): void {
  world.now += seconds(0.1);
  world.see(
    { time: world.now, process: ref(n), kind: 'fork', child: ref(child) },
    { time: world.now, process: ref(child), kind: 'exec', exe: '/tmp/x', args: ['x'], origin: 'scratch' },
  );
}

describe('a node that somebody disarmed', () => {
  it('neither spends a lease nor holds, and says so once', async () => {
    const world = new FakeWorld();
    world.armState = { disarmed: async () => ({ reason: 'ada: migration' }) };
    start(world);
    await inForce(world);
    await grant(world);
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({
      result: 'refused-protected',
      stopped: [],
      detail: 'disarmed on this node (ada: migration)',
    });
    again(world, 100, 105);
    await world.until(() => (reportsOf(world, 'incident')[1] === undefined ? undefined : true));
    expect(world.acts).toEqual([]);
    expect(reportsOf(world, 'receipt')).toHaveLength(1);
    expect(world.control?.status()).toMatchObject({ leases: { live: 1, stopsLeft: 2 } });
  });
});

/** A node in a cluster, on which the cart runs in pods, and what the Kubernetes API tells of namespaces. */
class Cluster {
  readonly world = new FakeWorld();
  readonly #sink = Promise.withResolvers<ObjectSink>();

  constructor() {
    this.world.namespaceSource = {
      run: async (sink, signal) => {
        this.#sink.resolve(sink);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    };
  }

  async judged(): Promise<FakeWorld> {
    const world = start(this.world);
    const inNoPod = world.identify;
    world.identify = (path) => ({ id: path, ...inNoPod(path), pod: 'cart-1' });
    await this.tells();
    await inForce(world);
    return world;
  }

  async isAway(reason: string): Promise<void> {
    (await this.#sink.promise).away(reason);
  }

  /** These namespaces bear the label, each with its value. */
  async tells(...labelled: readonly (readonly [name: string, value: string])[]): Promise<void> {
    const sink = await this.#sink.promise;
    sink.begin();
    sink.page(labelled.map(([name, value]) => ({ metadata: { name, labels: { [disarmLabel]: value } } })));
    sink.complete();
    sink.reached();
  }
}

describe('a namespace that a label disarms', () => {
  const until = String(Date.parse('2026-05-03T14:00:00Z') / 1000);
  const detail =
    'disarmed in namespace shop by its label whorl.dev/disarmed-until until 2026-05-03T14:00:00Z';
  const status = (world: FakeWorld) => world.control?.status() as { readonly counters: object };

  it('has no lease spent and nothing held, and each incident says why, once', async () => {
    const cluster = new Cluster();
    const world = await cluster.judged();
    await grant(world);
    await cluster.tells(['shop', until]);
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({ result: 'refused-protected', stopped: [], detail });
    again(world, 100, 105);
    await world.until(() => reportsOf(world, 'incident')[1]);
    expect(world.acts).toEqual([]);
    expect(reportsOf(world, 'receipt')).toHaveLength(1);
    expect(await world.line('disarm-in-force')).toMatchObject({ namespace: 'shop', detail });
    expect(status(world)).toMatchObject({
      leases: { live: 1, stopsLeft: 2 },
      disarms: [{ namespace: 'shop', detail }],
      disarmLabels: { state: 'seen' },
      counters: {
        'disarmed.namespaces': 1,
        'disarmed.namespace.shop': Number(until),
      },
    });
    // Who took the label away wants it stopped when it comes again.
    await cluster.tells();
    again(world, 100, 106);
    expect(await receipt(world, 1)).toMatchObject({ result: 'done', action: 'kill-subtree' });
    expect(await world.line('disarm-ended')).toMatchObject({ namespace: 'shop' });
  });

  it('has orders refused, and what is held let go', async () => {
    const cluster = new Cluster();
    const world = await cluster.judged();
    await cluster.tells(['shop', until]);
    attack(world, 100);
    const { incident } = await world.until(() => reportsOf(world, 'incident')[0]);
    world.downlink?.onOrder(signOrder(await order(world), commander));
    expect(await receipt(world)).toMatchObject({ order: 'order-1', result: 'refused-protected', detail });
    world.holds = [
      {
        incident: incident.id,
        action: 'hold',
        cgroupPath: '/k8s.io/cart-100',
        pids: [101],
        since: world.now,
        deadline: world.now + seconds(600),
      },
    ];
    world.downlink?.onOrder(
      signOrder(await order(world, { id: 'resume', seq: 2, action: 'resume' }), commander),
    );
    expect(await receipt(world, 1)).toMatchObject({ order: 'resume', result: 'done', action: 'resume' });
    world.downlink?.onOrder(
      signOrder(await order(world, { id: 'release', seq: 3, action: 'release' }), commander),
    );
    expect(await receipt(world, 2)).toMatchObject({ order: 'release', result: 'unsupported' });
    expect(world.acts).toEqual([]);
  });

  it.each([
    ['another namespace is disarmed', 'bank', until],
    ['its time is over', 'shop', String(Date.parse('2026-05-03T11:59:59Z') / 1000)],
  ])('is stopped as ever when %s', async (_why, name, value) => {
    const cluster = new Cluster();
    const world = await cluster.judged();
    await grant(world);
    await cluster.tells([name, value]);
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({ result: 'done', action: 'kill-subtree' });
  });

  it('is known from the run before while the API is away, and nothing is obeyed before it was asked', async () => {
    const cluster = new Cluster();
    const { world } = cluster;
    world.labels = [{ namespace: 'shop', value: until, seenAt: world.now - seconds(60) }];
    start(world);
    expect(await world.line('disarm-in-force')).toMatchObject({ namespace: 'shop', detail });
    cart(world, 100);
    await world.line('instance');
    expect(world.downlink).toBeUndefined();
    await cluster.isAway('it refuses (403)');
    await world.until(() => world.downlink);
    expect(await world.line('disarm-labels')).toEqual({
      type: 'disarm-labels',
      state: 'unseen',
      reason: 'it refuses (403)',
    });
    expect(status(world)).toMatchObject({ disarms: [{ namespace: 'shop' }] });
  });
});

describe('drift that a live lease covers', () => {
  it('is stopped without an order, before anything of it is written', async () => {
    const world = await judged();
    await grant(world, { id: 'l-7' });
    const written = world.spool.records.length;
    attack(world, 100);
    const told = await receipt(world);
    expect(world.writtenAtActs).toEqual([written]);
    const incident = reportsOf(world, 'incident')[0]?.incident;
    expect(told).toEqual({
      order: `lease:l-7:${incident?.id}`,
      incident: incident?.id,
      cause: 'lease',
      lease: 'l-7',
      result: 'done',
      action: 'kill-subtree',
      stopped: [101],
      eventToVerdictUs: 0,
      eventToStoppedUs: 5_000,
    });
    expect(world.acts).toMatchObject([{ action: 'kill-subtree', culprit: ref(101), exclusive: true }]);
    expect(await world.line('receipt')).toMatchObject({ receipt: { cause: 'lease' } });
  });

  it('is critical from then on, and what is left of the lease is told by status', async () => {
    const world = await judged();
    await grant(world);
    expect(world.control?.status()).toMatchObject({ leases: { live: 1, stopsLeft: 2, endsLeft: 0 } });
    attack(world, 100);
    await receipt(world);
    expect(world.control?.status()).toMatchObject({ leases: { live: 1, stopsLeft: 1, endsLeft: 0 } });
  });

  it('is stopped again when it comes back, and charged once', async () => {
    const world = await judged();
    await grant(world, { stops: 1 });
    attack(world, 100);
    const first = await receipt(world);
    again(world, 100, 105);
    const second = await receipt(world, 1);
    expect(second).toMatchObject({ cause: 'restop', action: 'kill-subtree', incident: first.incident });
    expect(second.order).not.toBe(first.order);
    expect(world.acts.map((act) => act.culprit)).toEqual([ref(101), ref(105)]);
  });

  it('ends no copy that the lease does not let end: it is held instead', async () => {
    const world = await judged();
    await grant(world, { response: { ...killing, killScope: 'container' } });
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({
      action: 'hold',
      cause: 'lease',
      detail: 'held until the collector decides: the whole copy would end with it',
    });
    expect((await receipt(world)).lease).toBeUndefined();
  });

  it('takes the whole copy where the site wishes it and the lease lets one end', async () => {
    const world = await judged();
    await grant(world, { ends: 1, response: { ...killing, killScope: 'container' } });
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({ action: 'kill', result: 'done' });
  });

  it('in the first process of a copy takes the copy with it', async () => {
    const world = await judged();
    await grant(world);
    world.see({
      time: world.now,
      process: ref(100),
      cgroup: 100,
      kind: 'exec',
      exe: '/tmp/x',
      args: ['x'],
      origin: 'scratch',
    });
    expect(await receipt(world)).toMatchObject({ action: 'hold' });
  });

  it('beyond what is left is held, a hundred copies at once too', async () => {
    const world = await judged();
    const copies = [200, 300, 400, 500];
    for (const n of copies) cart(world, n);
    await world.until(() => (reportsOf(world, 'instance').length === 5 ? true : undefined));
    await grant(world, { stops: 2 });
    for (const n of copies) attack(world, n);
    await receipt(world, 3);
    expect(world.acts.map((act) => act.action)).toEqual(['kill-subtree', 'kill-subtree', 'hold', 'hold']);
  });

  it('is stopped by this node’s own limits no more often than by orders', async () => {
    const world = await judged();
    const copies = [200, 300, 400, 500, 600];
    for (const n of copies) cart(world, n);
    await world.until(() => (reportsOf(world, 'instance').length === 6 ? true : undefined));
    await grant(world, { stops: 100 });
    for (const n of copies) attack(world, n);
    await receipt(world, 4);
    expect(world.acts.map((act) => act.action)).toEqual([
      ...Array(3).fill('kill-subtree'),
      ...Array(2).fill('hold'),
    ]);
  });
});

describe('drift that no lease covers', () => {
  it('is only told where none ever came', async () => {
    const world = await judged();
    attack(world, 100);
    await world.until(() => reportsOf(world, 'incident')[0]);
    expect(world.acts).toEqual([]);
  });

  it.each<[string, Partial<Lease>, (world: FakeWorld) => void]>([
    ['is over', {}, (world) => (world.now += seconds(61))],
    [
      'is over, though the clock was set back',
      {},
      (world) => {
        world.now -= seconds(30);
        world.steady += seconds(61);
      },
    ],
    ['has nothing left', { stops: 0 }, () => undefined],
  ])('is held when the last one %s, and no lease is named in the receipt', async (_what, change, happens) => {
    const world = await judged();
    await grant(world, change);
    happens(world);
    attack(world, 100);
    const told = await receipt(world);
    expect(told).toMatchObject({ action: 'hold', cause: 'lease', result: 'done' });
    expect(told.lease).toBeUndefined();
    expect(told.detail).toContain('held until the collector decides');
  });

  it('is left alone where the site last wished for no more than to be told', async () => {
    const world = await judged();
    await grant(world, { response: { ...killing, rules: [{ mode: 'alert' }] } });
    attack(world, 100);
    await world.until(() => reportsOf(world, 'incident')[0]);
    expect(world.acts).toEqual([]);
  });

  it('is left alone where nobody approved a stop', async () => {
    const world = start();
    cart(world, 100);
    await world.until(() => (reportsOf(world, 'novelty').length === 2 ? true : undefined));
    world.downlink?.onFingerprint(signed(world));
    await world.line('fingerprint-in-force');
    await grant(world);
    attack(world, 100);
    await world.until(() => reportsOf(world, 'incident')[0]);
    expect(world.acts).toEqual([]);
  });

  it('is held where a person approved no more', async () => {
    const world = start();
    cart(world, 100);
    await world.until(() => (reportsOf(world, 'novelty').length === 2 ? true : undefined));
    const fingerprint = signed(world);
    world.downlink?.onFingerprint(fingerprint);
    world.downlink?.onFingerprint(approvalFor([itemFor(fingerprint, { mode: 'freeze' })]));
    await world.line('approval-in-force');
    await grant(world);
    attack(world, 100);
    expect(await receipt(world)).toMatchObject({ action: 'hold' });
    expect(world.control?.status()).toMatchObject({ leases: { stopsLeft: 2 } });
  });

  it('of a known program is held at most, whatever the lease says', async () => {
    const world = await judged();
    await grant(world, { ends: 2 });
    world.see({
      time: world.now,
      process: ref(100),
      cgroup: 100,
      kind: 'open',
      path: '/etc/shadow',
      access: 'read',
    });
    expect(await receipt(world)).toMatchObject({ action: 'hold', stopped: [100] });
  });

  it('of a person at a terminal is left alone', async () => {
    const world = await judged();
    await grant(world);
    world.see(
      { time: world.now, process: ref(103), kind: 'attach', to: 100 },
      {
        time: world.now,
        process: ref(103),
        cgroup: 100,
        kind: 'exec',
        exe: '/tmp/x',
        args: ['x'],
        origin: 'scratch',
      },
    );
    await world.until(() => reportsOf(world, 'incident')[0]);
    expect(world.acts).toEqual([]);
  });
});

describe('a lease that is refused', () => {
  it.each<[string, string, Partial<Lease>, PrivateKey]>([
    ['by nobody who may give orders', 'UNKNOWN_KEY', {}, stranger],
    ['for another node', 'refused-node', { node: 'node-2' }, commander],
    ['for another start of the agent', 'refused-session', { session: 'b'.repeat(32) }, commander],
    ['with a number that has passed', 'refused-sequence', { seq: 0 }, commander],
    [
      'that is over',
      'refused-expired',
      { issuedAt: '2026-05-03T11:58:00Z', expiresAt: '2026-05-03T11:59:00Z' },
      commander,
    ],
  ])('%s is told, counted, and stops nothing: %s', async (_what, code, change, key) => {
    const world = await judged();
    await grant(world, { workload: '0'.repeat(64) });
    await grant(world, change, key);
    expect(await world.line('lease-refused')).toMatchObject({ code });
    attack(world, 100);
    await world.until(() => reportsOf(world, 'incident')[0]);
    expect(world.acts).toEqual([]);
  });
});

describe('an order beside it', () => {
  it('for what a lease stopped already is obeyed once more, and the lease does not act again', async () => {
    const world = await judged();
    await grant(world);
    attack(world, 100);
    await receipt(world);
    world.downlink?.onOrder(signOrder(await order(world), commander));
    expect(await receipt(world, 1)).toMatchObject({ order: 'order-1', result: 'done' });
    expect((await receipt(world, 1)).cause).toBeUndefined();
    expect(world.acts).toHaveLength(2);
  });

  it('may say that it must not end the copy: then what would is held', async () => {
    const world = await judged();
    world.see({
      time: world.now,
      process: ref(100),
      cgroup: 100,
      kind: 'exec',
      exe: '/tmp/x',
      args: ['x'],
      origin: 'scratch',
    });
    world.downlink?.onOrder(signOrder(await order(world, { mayEnd: false }), commander));
    expect(await receipt(world)).toMatchObject({
      result: 'done',
      action: 'hold',
      detail: 'held, not killed: the whole copy would end with it, and the order does not allow that',
    });
  });

  it('that may not end the copy kills what does not', async () => {
    const world = await judged();
    attack(world, 100);
    world.downlink?.onOrder(signOrder(await order(world, { mayEnd: false }), commander));
    expect(await receipt(world)).toMatchObject({ action: 'kill-subtree' });
  });

  it('to cut the network is answered truthfully where nothing can', async () => {
    const world = await judged();
    attack(world, 100);
    for (const [seq, action] of (['quarantine', 'release'] as const).entries()) {
      world.downlink?.onOrder(signOrder(await order(world, { id: action, seq: seq + 1, action }), commander));
      expect(await receipt(world, seq)).toMatchObject({ action, result: 'unsupported', stopped: [] });
    }
  });

  it('to cut the network is carried out where something can', async () => {
    const world = new FakeWorld();
    const cut: string[] = [];
    world.quarantine = {
      cut: async ({ id }) => {
        cut.push(id);
        return { result: 'done' };
      },
      release: async () => ({ result: 'failed', detail: 'the rule is gone' }),
    };
    start(world);
    await inForce(world);
    attack(world, 100);
    for (const [seq, action] of (['quarantine', 'release'] as const).entries())
      world.downlink?.onOrder(signOrder(await order(world, { id: action, seq: seq + 1, action }), commander));
    expect(await receipt(world)).toMatchObject({ action: 'quarantine', result: 'done' });
    expect(await receipt(world, 1)).toMatchObject({ result: 'failed', detail: 'the rule is gone' });
    expect(cut).toHaveLength(1);
  });
});
