import { afterEach, describe, expect, it } from 'vitest';
import { signOrder } from '../fingerprint/order-envelope.ts';
import type { Report } from '../fingerprint/report.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { FakeSpool, FakeWorld } from '../test/fakes/agent-ports.ts';
import { approvalFor, itemFor } from '../test/fakes/approved.ts';
import {
  attack,
  baselineOf,
  cart,
  endAll,
  inForce,
  opens,
  order,
  ref,
  reportsOf,
  sha256,
  signed,
  start,
} from '../test/fakes/cart-node.ts';
import { commander, imageName, stranger, vendor } from '../test/fakes/trust.ts';
import { Counters } from './core/counters.ts';
import { Outbox } from './outbox.ts';

afterEach(endAll);

describe('the agent', () => {
  it('tells when its source went away and why, and what it did not see meanwhile', async () => {
    const world = start();
    cart(world, 7);
    await world.line('instance');
    const left = world.now;
    world.breaks('tracee closed the stream');
    const away = await world.line('source');
    expect(away).toMatchObject({ state: 'away', reason: 'tracee closed the stream' });
    world.now += 2_000_000;
    cart(world, 8);
    const back = await world.until(() => world.lines.find((l) => l.type === 'source' && l.state !== 'away'));
    expect(back).toMatchObject({ state: 'delivering' });
    const gaps = world.lines.filter((l) => l.type === 'gap');
    expect(gaps.at(-1)).toMatchObject({ since: left, until: world.now, reason: 'the event source was away' });
  });

  it('learns two copies, judges by what was signed, and stops what drifts when it is ordered to', async () => {
    const world = start();
    cart(world, 100);
    cart(world, 200);
    await world.until(() => (reportsOf(world, 'instance').length === 2 ? true : undefined));
    const novelties = await world.until(() => {
      const found = reportsOf(world, 'novelty');
      return found.length === 2 ? found : undefined;
    });
    // Both copies did the same: each behaviour is told once.
    expect(novelties.map((r) => r.behaviour.kind)).toEqual(['exec', 'open']);
    expect(novelties[0]?.workload).toMatchObject({ namespace: 'shop', container: 'cart' });

    const fingerprint = signed(world);
    world.downlink?.onFingerprint(fingerprint);
    expect(await world.line('fingerprint-in-force')).toMatchObject({
      version: 1,
      signedBy: 'Shop Inc',
      maxMode: 'alert',
      warnings: ['NOT_APPROVED'],
    });
    world.downlink?.onFingerprint(approvalFor([itemFor(fingerprint)]));
    expect(await world.line('approval-in-force')).toMatchObject({
      signedBy: 'Shop Inc',
      reason: 'OPS-21: looked at it',
      items: [{ mode: 'kill' }],
    });
    cart(world, 300);
    await world.until(() => (reportsOf(world, 'instance').length === 3 ? true : undefined));
    expect(reportsOf(world, 'incident')).toEqual([]);

    attack(world, 300);
    const incident = await world.line('incident');
    expect(incident.incident).toMatchObject({
      severity: 'critical',
      culprit: ref(301),
      approval: { version: 1, signedBy: 'Shop Inc', maxMode: 'kill' },
      drifts: [{ kind: 'exec', lineage: ['/usr/bin/cart', '/tmp/x'], origin: 'scratch' }],
    });
    world.downlink?.onOrder(signOrder(await order(world), commander));
    const { receipt } = await world.line('receipt');
    expect(receipt).toMatchObject({
      result: 'done',
      action: 'kill-subtree',
      stopped: [301],
      eventToStoppedUs: 5_000,
    });
    expect(world.acts).toMatchObject([
      { cgroupPath: '/k8s.io/cart-300', exclusive: true, subtree: [ref(301)] },
    ]);
    await world.until(() => reportsOf(world, 'receipt')[0]);

    world.stop.abort();
    await world.line('stopped');
    expect(Object.values(world.state.streams)).toMatchObject([{ version: 1 }, { version: 1 }]);
    expect(world.spool.reports()).toHaveLength(world.reports.length);
  });

  it('tells what a drifting program does as one incident, gravest first', async () => {
    const world = start();
    await inForce(world);
    attack(world, 100);
    const all = await world.until(() =>
      world.lines.findLast((l) => l.type === 'incident' && l.incident.drifts.length === 2),
    );
    expect(all.type === 'incident' && all.incident.drifts.map((d) => d.kind)).toEqual(['exec', 'open']);
    expect(new Set(world.lines.flatMap((l) => (l.type === 'incident' ? [l.incident.id] : []))).size).toBe(1);
  });

  it('stops what was started, never the service that was made to start it, and all that began together', async () => {
    const world = start();
    await inForce(world);
    world.see({
      time: world.now,
      process: ref(100),
      cgroup: 100,
      kind: 'open',
      path: '/srv/x',
      access: 'create',
    });
    attack(world, 100);
    world.now += 100_000;
    world.see(
      { time: world.now, process: ref(100), kind: 'fork', child: ref(102) },
      { time: world.now, process: ref(102), kind: 'exec', exe: '/tmp/y', args: ['y'], origin: 'scratch' },
    );
    await world.until(() => reportsOf(world, 'incident').find((r) => r.incident.culprit.pid === 102));
    const { target } = await order(world);
    const service = await order(world, { id: 'order-0', target: { ...target, process: ref(100) } });
    world.downlink?.onOrder(signOrder(service, commander));
    expect((await world.line('receipt')).receipt).toMatchObject({ result: 'refused-protected' });
    world.downlink?.onOrder(signOrder(await order(world, { seq: 2 }), commander));
    await world.until(() => world.acts[0]);
    expect(world.acts).toMatchObject([{ culprit: ref(102), subtree: [ref(102), ref(101)] }]);
  });

  it('leaves the shell that a person opened at the same time alone', async () => {
    const world = start();
    await inForce(world);
    attack(world, 100);
    world.now += 100_000;
    world.see(
      { time: world.now, process: ref(103), kind: 'attach', to: 100 },
      {
        time: world.now,
        process: ref(103),
        cgroup: 100,
        kind: 'exec',
        exe: '/bin/sh',
        args: ['sh'],
        origin: 'image',
      },
    );
    world.now += 2_000_000;
    world.see(opens(world, 101, '/etc/gshadow'));
    const told = await world.until(() =>
      reportsOf(world, 'incident').find((r) => r.incident.drifts.some((d) => d.root === 'interactive')),
    );
    expect(told.incident.culprit).toEqual(ref(101));
    world.downlink?.onOrder(signOrder(await order(world), commander));
    await world.until(() => world.acts[0]);
    expect(world.acts).toMatchObject([{ culprit: ref(101), subtree: [ref(101)] }]);
  });

  it('alerts on what is never normal while it still learns, and does not learn it', async () => {
    const world = start();
    cart(world, 100);
    attack(world, 100);
    const { incident } = await world.line('incident');
    expect(incident).toMatchObject({ severity: 'high', culprit: ref(101) });
    expect(incident.approval).toBeUndefined();
    world.downlink?.onOrder(signOrder(await order(world), commander));
    expect((await world.line('receipt')).receipt.result).toBe('refused-protected');
    expect(reportsOf(world, 'novelty').some((r) => r.behaviour.lineage.includes('/tmp/x'))).toBe(false);
    expect(world.acts).toEqual([]);
  });

  it('judges what was running already when the fingerprint comes', async () => {
    const world = start();
    cart(world, 100);
    world.see(
      { time: world.now, process: ref(100), kind: 'fork', child: ref(101) },
      { time: world.now, process: ref(101), kind: 'exec', exe: '/bin/sh', args: ['sh'], origin: 'image' },
    );
    await world.until(() => (reportsOf(world, 'novelty').length === 3 ? true : undefined));
    const known = reportsOf(world, 'novelty').filter((r) => r.behaviour.lineage.length === 1);
    const options = { stream: imageName, version: 1, issuedAt: '2026-05-02T09:00:00Z' };
    world.downlink?.onFingerprint(
      signFingerprint(baselineOf(known.map((r) => r.behaviour)), options, vendor).envelope,
    );
    expect((await world.line('incident')).incident.drifts).toMatchObject([
      { because: 'new-program', found: true },
    ]);
  });

  it('stops what is never normal in a release nobody has looked at, by the approval of the one before, and nothing else', async () => {
    const world = start();
    await inForce(world);
    const digest = `sha256:${'cd'.repeat(32)}`;
    world.identify = (path) => ({ id: path, name: 'cart', image: imageName, digest, namespace: 'shop' });
    cart(world, 500);
    attack(world, 500);
    const { incident } = await world.line('incident');
    expect(incident).toMatchObject({
      workload: { subject: { digest } },
      approval: { carried: true, maxMode: 'alert', neverLearnableMode: 'kill' },
      drifts: [{ because: 'never-learnable' }],
    });
    world.downlink?.onOrder(signOrder(await order(world), commander));
    expect((await world.line('receipt')).receipt).toMatchObject({ result: 'done', stopped: [501] });
  });

  it('learns nothing of a release that was taken back, stops nothing in it, says so once, and judges by the next one', async () => {
    const world = start();
    await inForce(world);
    const { policy } = world;
    if (policy === undefined) throw new Error('the node has a policy');
    const revoked = signed(world);
    const payloads = new Map([[sha256(revoked), { reason: 'incident 42' }]]);
    world.policy = { ...policy, version: 2, revoked: { keys: new Map(), payloads, minVersions: new Map() } };
    world.downlink?.onFingerprint(revoked);
    expect(await world.line('workload-untrusted')).toMatchObject({
      workload: { namespace: 'shop' },
      code: 'REVOKED_PAYLOAD',
      fingerprint: sha256(revoked),
    });
    cart(world, 200);
    world.see(opens(world, 200, '/srv/loot'));
    attack(world, 200);
    const { incident } = await world.line('incident');
    expect([incident.approval, incident.drifts[0]?.because]).toEqual([undefined, 'never-learnable']);
    world.downlink?.onOrder(signOrder(await order(world), commander));
    expect((await world.line('receipt')).receipt.result).toBe('refused-protected');
    expect([reportsOf(world, 'novelty').length, world.acts]).toEqual([2, []]);
    expect(world.control?.status()).toMatchObject({
      workloads: [{ state: 'untrusted', untrusted: { code: 'REVOKED_PAYLOAD' } }],
      counters: { 'workloads.untrusted': 1 },
    });
    world.downlink?.onFingerprint(signed(world, 2));
    await world.until(() => world.lines.filter((l) => l.type === 'fingerprint-in-force')[1]);
    expect(world.control?.status()).toMatchObject({ workloads: [{ state: 'judging' }] });
    expect(world.lines.filter((l) => l.type === 'workload-untrusted')).toHaveLength(1);
  });

  it('stops nothing more once the decision is taken back, not even what drifted before', async () => {
    const world = start();
    await inForce(world);
    attack(world, 100);
    const asked = await order(world);
    world.downlink?.onFingerprint(approvalFor([], { version: 2 }));
    await world.until(() => world.lines.find((l) => l.type === 'approval-in-force' && l.version === 2));
    world.downlink?.onOrder(signOrder(asked, commander));
    expect((await world.line('receipt')).receipt).toMatchObject({
      result: 'refused-protected',
      detail: 'the approval allows alert, this needs kill',
    });
    expect(world.acts).toEqual([]);
  });

  it('repeats the receipt of an order that is repeated, and acts once', async () => {
    const world = start();
    await inForce(world);
    attack(world, 100);
    await world.line('incident');
    const envelope = signOrder(await order(world), commander);
    world.downlink?.onOrder(envelope);
    world.downlink?.onOrder(envelope);
    const receipts = await world.until(() => {
      const found = reportsOf(world, 'receipt');
      return found.length === 2 ? found : undefined;
    });
    expect(receipts[1]).toEqual(receipts[0]);
    expect(world.acts).toHaveLength(1);
  });

  it.each<[string, (w: FakeWorld) => Uint8Array | Promise<Uint8Array>, string]>([
    ['signed by a stranger', async (w) => signOrder(await order(w), stranger), 'order-refused'],
    ["signed by the fingerprint's signer", async (w) => signOrder(await order(w), vendor), 'order-refused'],
    ['that is no order', () => new TextEncoder().encode('{}'), 'order-refused'],
    [
      'of an earlier stream',
      async (w) => signOrder(await order(w, { session: 'b'.repeat(32) }), commander),
      'receipt',
    ],
  ])('does nothing on an order %s', async (_name, envelope, answer) => {
    const world = start();
    await inForce(world);
    attack(world, 100);
    world.downlink?.onOrder(await envelope(world));
    await world.until(() => world.lines.find((l) => l.type === answer));
    expect(world.acts).toEqual([]);
  });

  it('takes up what it accepted before, and refuses what is older', async () => {
    const first = start();
    await inForce(first);
    const old = signed(first, 1);
    first.downlink?.onFingerprint(signed(first, 2));
    await first.until(() => first.lines.find((l) => l.type === 'fingerprint-in-force' && l.version === 2));
    first.stop.abort();
    await first.line('stopped');

    const second = new FakeWorld();
    second.state = first.state;
    for (const [name, bytes] of first.kept) second.kept.set(name, bytes);
    start(second);
    expect(await second.line('fingerprint-in-force')).toMatchObject({ version: 2 });
    second.see();
    await second.line('uplink');
    // As a collector would hand it out that was restored from a backup of the day before.
    second.downlink?.onWelcome({ epoch: 'e'.repeat(32), stored: 0, acked: 9 });
    second.downlink?.onFingerprint(old);
    expect(await second.line('fingerprint-refused')).toMatchObject({ code: 'ROLLBACK' });
    cart(second, 100);
    attack(second, 100);
    expect((await second.line('incident')).incident.approval?.version).toBe(2);
    expect(await second.line('gap')).toMatchObject({ reason: 'the agent did not run' });
  });

  it('refuses fingerprints while the node has no trust policy, and says so', async () => {
    const world = new FakeWorld();
    const other = start();
    await inForce(other);
    start(world);
    world.policy = undefined;
    world.see();
    await world.line('uplink');
    world.downlink?.onFingerprint(signed(other));
    expect(await world.line('fingerprint-refused')).toMatchObject({ code: 'NO_TRUST' });
  });

  it('counts what a copy did that no runtime knows', async () => {
    const world = start();
    world.identify = () => undefined;
    cart(world, 100);
    expect(await world.line('instance-unknown')).toMatchObject({
      instance: 'cart-100',
      reason: 'no runtime knows it',
    });
    world.stop.abort();
    expect((await world.line('stopped')).counters['unjudged.instance-unknown']).toBe(2);
  });

  it('says over its control socket what it watches', async () => {
    const world = start();
    await inForce(world);
    expect(world.control?.status()).toMatchObject({
      node: 'node-1',
      uplink: 'connected',
      workloads: [{ state: 'judging', approval: { version: 1 }, instances: [{ id: 'cart-100' }] }],
      incidents: [],
    });
  });

  it('tells a collector that was restored anew what runs and what is learned of it', async () => {
    const world = start();
    cart(world, 100);
    const told = (type: Report['type']) => world.spool.reports().filter((r) => r.type === type);
    await expect.poll(() => told('novelty').length).toBe(2);
    const [instances, novelties] = [told('instance'), told('novelty')];
    const [one, two] = ['1'.repeat(32), '2'.repeat(32)];
    world.downlink?.onWelcome({ epoch: one, stored: 3, acked: 3 });
    expect(told('novelty')).toEqual(novelties);
    world.downlink?.onWelcome({ epoch: two, stored: 1, acked: 3 });
    expect(await world.line('collector')).toMatchObject({ state: 'restored', lost: 2 });
    await expect.poll(() => told('novelty').length).toBe(4);
    // The same copy, under the same numbers: what it shows next is told by them.
    expect(told('instance')).toEqual([...instances, ...instances]);
    expect(told('novelty')).toEqual([...novelties, ...novelties]);
  });
});

describe('the outbox', () => {
  const report: Report = { type: 'gap', since: 1, until: 2, lost: 3, reason: 'r' };

  it('offers nothing before the disk has it, and all of it again to a new stream', async () => {
    const spool = new FakeSpool();
    const offered: number[] = [];
    let first = Promise.withResolvers<void>();
    const uplink = {
      run: async () => undefined,
      heartbeat: () => undefined,
      offer: (seq: number) => {
        offered.push(seq);
        if (seq === 2) first.resolve();
        return true;
      },
    };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const outbox = new Outbox({ spool, uplink, counters: new Counters(), log });
    outbox.connected();
    spool.broken = true;
    outbox.put(report);
    outbox.put(report);
    await Promise.resolve();
    expect(offered).toEqual([]);
    spool.broken = false;
    await first.promise;
    expect(offered).toEqual([1, 2]);
    outbox.acked(1);
    outbox.disconnected();
    first = Promise.withResolvers();
    outbox.connected();
    await first.promise;
    expect(offered).toEqual([1, 2, 2]);
    await outbox.settle();
  });
});
