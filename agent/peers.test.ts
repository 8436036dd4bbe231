import { afterEach, describe, expect, it } from 'vitest';
import type { Behaviour, BehaviourOf } from '../fingerprint/behaviour.ts';
import type { DnsAnswer, Event, EventOf, ProcessRef } from '../fingerprint/event.ts';
import { FakeWorld } from '../test/fakes/agent-ports.ts';
import { imageDigest } from '../test/fakes/trust.ts';
import { runAgent } from './agent.ts';

const worlds: { world: FakeWorld; done: Promise<void> }[] = [];
afterEach(async () => {
  for (const { world, done } of worlds.splice(0)) {
    world.stop.abort();
    await done;
  }
});

const ref = (pid: number): ProcessRef => ({ pid, start: pid * 1_000_000 });
const address = (pid: number): string => `10.0.0.${pid - 100}`;

/** Two pods, `cart` with pid 101 and `db` with pid 102, each with an address and a host name of its own. */
function start(): FakeWorld {
  const world = new FakeWorld();
  world.identify = (path) => {
    const name = path.includes('101') ? 'cart' : 'db';
    return {
      id: path,
      name,
      image: `registry.example/${name}`,
      digest: imageDigest,
      namespace: 'shop',
      pod: `${name}-0`,
    };
  };
  world.surroundings = (pid) => ({
    resolvers: ['10.96.0.10'],
    search: ['shop.svc.cluster.local'],
    addresses: [address(pid)],
    hostname: `host-${pid}`,
  });
  worlds.push({ world, done: runAgent(world.deps(), world.config, world.stop.signal) });
  return world;
}

/** A copy starts as pid `n` in cgroup `n`; resolves when its start was learned. */
async function begins(world: FakeWorld, n: number): Promise<void> {
  const at = { time: world.now, process: ref(n) };
  world.see(
    { ...at, process: ref(1), kind: 'cgroup', action: 'made', id: n, path: `/k8s.io/copy-${n}` },
    { ...at, kind: 'attach', to: n },
    { ...at, cgroup: n, kind: 'exec', exe: `/usr/bin/s${n}`, args: [`s${n}`], origin: 'image' },
  );
  await learned(
    world,
    (b): b is BehaviourOf<'exec'> => b.kind === 'exec' && b.lineage[0] === `/usr/bin/s${n}`,
  );
}

type Bare<E> = E extends Event ? Omit<E, 'time' | 'process'> : never;
type Act = Bare<EventOf<'connect'> | EventOf<'resolve'> | EventOf<'exec'>>;
const does = (world: FakeWorld, n: number, act: Act): Event =>
  ({ ...act, time: world.now, process: ref(n), cgroup: n }) as Event;

const connects = (to: string, port: number): Act => ({
  kind: 'connect',
  transport: 'tcp',
  address: to,
  port,
});

function asks(name: string, data: string, server = '10.96.0.10'): Act[] {
  const about = { kind: 'resolve', name, type: 'A', id: 7, server } as const;
  const record: DnsAnswer = { name, type: 'A', data, ttl: 60 };
  return [
    { ...about, phase: 'question' },
    { ...about, phase: 'answer', answers: [record] },
  ];
}

const learned = <B extends Behaviour>(world: FakeWorld, is: (b: Behaviour) => b is B): Promise<B> =>
  world.until(() =>
    world.reports.flatMap((r) => (r.type === 'novelty' && is(r.behaviour) ? [r.behaviour] : [])).at(0),
  );
const connect =
  (port: number) =>
  (b: Behaviour): b is BehaviourOf<'connect'> =>
    b.kind === 'connect' && b.port === port;

describe('peers of a running copy', () => {
  it('are workloads where they are neighbours, and itself where it is itself', async () => {
    const world = start();
    await begins(world, 101);
    await begins(world, 102);
    world.see(
      does(world, 101, connects(address(102), 5432)),
      does(world, 101, connects(address(101), 8080)),
      does(world, 101, connects('10.0.0.77', 9000)),
      does(world, 101, connects('10.96.0.10', 53)),
    );
    expect(await learned(world, connect(5432))).toMatchObject({ peer: 'workload:shop/db' });
    expect(await learned(world, connect(8080))).toMatchObject({ peer: '{address}' });
    expect(await learned(world, connect(9000))).toMatchObject({ peer: '10.0.0.77', unnamed: true });
    expect(await learned(world, connect(53))).toMatchObject({ peer: '{resolver}' });
  });

  it('are forgotten when they have ended', async () => {
    const world = start();
    await begins(world, 101);
    await begins(world, 102);
    world.see({
      time: world.now,
      process: ref(1),
      kind: 'cgroup',
      action: 'removed',
      id: 102,
      path: '/k8s.io/copy-102',
    });
    world.see(does(world, 101, connects(address(102), 5432)));
    expect(await learned(world, connect(5432))).toMatchObject({ peer: '10.0.0.2', unnamed: true });
  });

  it("are named by its own resolver's answers alone, and told when they point inside", async () => {
    const world = start();
    await begins(world, 101);
    const acts = [
      ...asks('api.example.com', '203.0.113.7', '198.51.100.53'),
      connects('203.0.113.7', 443),
      ...asks('pay.example.com', '203.0.113.8'),
      connects('203.0.113.8', 444),
      ...asks('evil.example.com', '169.254.169.254'),
      connects('169.254.169.254', 80),
    ];
    world.see(...acts.map((act) => does(world, 101, act)));
    expect(await learned(world, connect(443))).toMatchObject({ peer: '203.0.113.7', unnamed: true });
    expect(await learned(world, connect(444))).toMatchObject({ peer: 'pay.example.com' });
    expect(await learned(world, connect(80))).toMatchObject({ peer: 'evil.example.com', inward: true });
    const pointsInside = (b: Behaviour): b is BehaviourOf<'resolve'> =>
      b.kind === 'resolve' && b.inward === true;
    expect(await learned(world, pointsInside)).toMatchObject({ name: 'evil.example.com' });
  });

  it('stand in arguments by name, and so does it itself', async () => {
    const world = start();
    await begins(world, 101);
    await begins(world, 102);
    const args = ['sed', `s/DB/${address(102)}/;s/SELF/${address(101)}/;s/HOST/host-101/`];
    world.see(does(world, 101, { kind: 'exec', exe: '/usr/bin/sed', args, origin: 'image' }));
    const sed = (b: Behaviour): b is BehaviourOf<'exec'> => b.kind === 'exec' && b.args[0] === 'sed';
    expect((await learned(world, sed)).args[1]).toBe(
      's/DB/{peer:workload:shop/db}/;s/SELF/{address}/;s/HOST/{pod}/',
    );
  });
});
