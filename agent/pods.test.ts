import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessRef } from '../fingerprint/event.ts';
import type { Report } from '../fingerprint/report.ts';
import { workloadKey } from '../fingerprint/workload.ts';
import { FakeWorld } from '../test/fakes/agent-ports.ts';
import { runAgent } from './agent.ts';
import type { ObjectSink } from './ports/containers.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const uid = '11111111-2222-3333-4444-555555555555';
const id = 'cd'.repeat(32);
const path = `/kubepods/besteffort/pod${uid}/${id}`;
const check = ['/bin/check', '--deep'];

const pod = (changes: { metadata?: object; spec?: object; status?: object } = {}) => ({
  metadata: {
    name: 'cart-7d9f8b6c5-x2x4z',
    namespace: 'shop',
    uid,
    labels: { 'pod-template-hash': '7d9f8b6c5' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9f8b6c5', controller: true },
    ],
    ...changes.metadata,
  },
  spec: {
    nodeName: 'node-1',
    containers: [{ name: 'cart', livenessProbe: { exec: { command: check } } }],
    initContainers: [{ name: 'prepare' }],
    ...changes.spec,
  },
  ...(changes.status === undefined ? {} : { status: changes.status }),
});

/** An agent in a pod, and what the Kubernetes API tells it. */
class Cluster {
  readonly world: FakeWorld;
  readonly done: Promise<void>;
  readonly #sink = Promise.withResolvers<ObjectSink>();

  constructor(config: object = {}) {
    this.world = new FakeWorld({ identifySeconds: 1, ...config });
    this.world.podSource = {
      run: async (sink, signal) => {
        this.#sink.resolve(sink);
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    };
    this.runs({ name: 'cart' });
    this.done = runAgent(this.world.deps(), this.world.config, this.world.stop.signal);
  }

  /** What the runtime tells. */
  runs(more: object): void {
    this.world.identify = () => ({
      id,
      image: 'r.example/cart:v1',
      digest,
      namespace: 'shop',
      pod: 'cart-7d9f8b6c5-x2x4z',
      ...more,
    });
  }

  sink(): Promise<ObjectSink> {
    return this.#sink.promise;
  }

  status(): { readonly kubernetes: object; readonly counters: Readonly<Record<string, number>> } {
    return this.world.control?.status() as ReturnType<Cluster['status']>;
  }

  /** The container's first program starts and reads a file; then kubelet and somebody else come in. */
  start(): void {
    const { world } = this;
    const at = (pid: number) => ({ time: world.now, process: ref(pid), cgroup: 7 });
    world.see(
      { time: world.now, process: ref(1), kind: 'cgroup', action: 'made', id: 7, path },
      { time: world.now, process: ref(10), kind: 'attach', to: 7 },
      { ...at(10), kind: 'exec', exe: '/bin/cart', args: ['cart'], origin: 'image' },
      { ...at(10), kind: 'open', path: '/etc/cart.conf', access: 'read' },
      { time: world.now, process: ref(11), kind: 'attach', to: 7 },
      { ...at(11), kind: 'exec', exe: '/bin/check', args: check, origin: 'image' },
    );
  }

  reports<T extends Report['type']>(type: T): Extract<Report, { type: T }>[] {
    return this.world.reports.filter((r): r is Extract<Report, { type: T }> => r.type === type);
  }

  async instances(n: number): Promise<Extract<Report, { type: 'instance' }>[]> {
    return await this.world.until(() => {
      const told = this.reports('instance');
      return told.length >= n ? told : undefined;
    });
  }
}

const ref = (pid: number): ProcessRef => ({ pid, start: pid * 1_000_000 });

const clusters: Cluster[] = [];
afterEach(async () => {
  for (const { world, done } of clusters.splice(0)) {
    world.stop.abort();
    await done;
  }
});
function cluster(config: object = {}): Cluster {
  const made = new Cluster(config);
  clusters.push(made);
  return made;
}

describe('a container of a pod', () => {
  it('has its owner and its probes before the first message about it', async () => {
    const shop = cluster();
    const sink = await shop.sink();
    sink.begin();
    sink.page([pod()]);
    sink.complete();
    sink.reached();
    shop.start();
    const [instance] = await shop.instances(1);
    expect(instance?.workload).toMatchObject({
      namespace: 'shop',
      owner: 'Deployment/cart',
      container: 'cart',
      role: 'main',
    });
    const novelties = await shop.world.until(() => {
      const told = shop.reports('novelty');
      return told.length === 3 ? told : undefined;
    });
    expect(novelties.map(({ behaviour }) => [behaviour.root, behaviour.kind])).toEqual([
      ['entrypoint', 'exec'],
      ['entrypoint', 'open'],
      ['probe', 'exec'],
    ]);
    expect(novelties.every(({ workload }) => workload.owner === 'Deployment/cart')).toBe(true);
    expect(await shop.world.line('kubernetes')).toEqual({ type: 'kubernetes', state: 'reached' });
  });

  it('waits for a pod that is told of a moment later', async () => {
    const shop = cluster();
    const sink = await shop.sink();
    shop.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(shop.reports('instance')).toEqual([]);
    sink.set(pod({ spec: { containers: [{ name: 'other' }] } }));
    sink.set(pod());
    const [instance] = await shop.instances(1);
    expect(instance?.workload.owner).toBe('Deployment/cart');
  });

  it('has the role that its pod gives it', async () => {
    const shop = cluster();
    shop.runs({ name: 'prepare' });
    (await shop.sink()).set(pod());
    shop.start();
    const [instance] = await shop.instances(1);
    expect(instance?.workload).toMatchObject({
      container: 'prepare',
      role: 'init',
      owner: 'Deployment/cart',
    });
  });

  it('is known by its status where no runtime knows it', async () => {
    const shop = cluster();
    // As the host's own answer: the bytes of the entrypoint.
    shop.world.identify = (at) => ({ id: at, digest: `sha256:${'ff'.repeat(32)}` });
    const sink = await shop.sink();
    shop.start();
    const containerStatuses = [
      { name: 'cart', containerID: `containerd://${id}`, imageID: `r.example/cart@${digest}` },
    ];
    const containers = [{ name: 'cart', image: 'r.example/cart:v1' }];
    sink.set(pod({ spec: { containers }, status: { containerStatuses } }));
    const [instance] = await shop.instances(1);
    expect(instance?.workload).toMatchObject({
      container: 'cart',
      owner: 'Deployment/cart',
      subject: { name: 'r.example/cart', digest },
    });
  });
});

describe('while the API is away', () => {
  it('a container goes on under what its runtime tells, and is another workload’s from when its pod is told of', async () => {
    const shop = cluster();
    const sink = await shop.sink();
    sink.away('nobody answers');
    shop.start();
    const [first] = await shop.instances(1);
    expect(first?.workload).toMatchObject({ namespace: 'shop', owner: 'pod', container: 'cart' });
    expect(shop.status().kubernetes).toMatchObject({
      state: 'away',
      reason: 'nobody answers',
      withoutPod: 1,
    });
    expect(shop.status().counters).toMatchObject({ 'identify.without-pod': 1, 'kubernetes.away': 1 });
    // A probe that nobody told of is somebody who came in.
    const { incident } = await shop.world.line('incident');
    expect(incident).toMatchObject({
      workload: { owner: 'pod' },
      drifts: [{ root: 'interactive', kind: 'exec' }],
    });

    sink.set(pod());
    sink.reached();
    const told = await shop.instances(3);
    expect(told.map(({ state, workload }) => [state, workload.owner])).toEqual([
      ['started', 'pod'],
      ['exited', 'pod'],
      ['found', 'Deployment/cart'],
    ]);
    const right = told[2]?.workload;
    const novelties = await shop.world.until(() => {
      const under = shop.reports('novelty').filter(({ workload }) => workload.owner === 'Deployment/cart');
      return under.length === 2 ? under : undefined;
    });
    // What runs now is told of the owner at once, with the probe as one; no start of it was seen under this name.
    expect(novelties.map(({ behaviour, phase }) => [behaviour.root, behaviour.kind, phase])).toEqual([
      ['entrypoint', 'exec', 'steady'],
      ['probe', 'exec', 'steady'],
    ]);
    expect(
      right === undefined || first === undefined || workloadKey(right) === workloadKey(first.workload),
    ).toBe(false);
    expect(shop.status().kubernetes).toMatchObject({ state: 'reached', withoutPod: 0, pods: 1 });
    expect(shop.status().counters).toMatchObject({ 'identify.corrected': 1 });
  });

  it('many containers wait at the same time, not one after the other', async () => {
    const shop = cluster();
    await shop.sink();
    const from = performance.now();
    for (let n = 100; n < 140; n += 1) {
      const other = `/kubepods/besteffort/pod${uid}/${String(n).repeat(22).slice(0, 64)}`;
      shop.world.see(
        { time: 1, process: ref(1), kind: 'cgroup', action: 'made', id: n, path: other },
        { time: 1, process: ref(n), kind: 'attach', to: n },
        { time: 1, process: ref(n), cgroup: n, kind: 'exec', exe: '/bin/cart', args: ['cart'] },
      );
    }
    await shop.instances(40);
    // Eight at a time would be five seconds.
    expect(performance.now() - from).toBeLessThan(4_000);
  });

  it('one that nobody can name is named when its pod tells the digest', async () => {
    const shop = cluster();
    shop.runs({ name: 'cart', digest: undefined });
    const sink = await shop.sink();
    shop.start();
    expect(await shop.world.line('instance-unknown')).toMatchObject({
      reason: 'fake knows no digest of its image',
    });
    const containerStatuses = [
      { name: 'cart', containerID: `containerd://${id}`, imageID: `r.example/cart@${digest}` },
    ];
    sink.set(pod({ status: { containerStatuses } }));
    const [instance] = await shop.instances(1);
    expect(instance?.workload).toMatchObject({ owner: 'Deployment/cart', subject: { digest } });
  });
});

it('does not ask about what is in no pod', async () => {
  const shop = cluster();
  shop.world.identify = (at) => ({ id: at, image: 'r.example/cart:v1', digest });
  await shop.sink();
  shop.world.see(
    { time: 1, process: ref(1), kind: 'cgroup', action: 'made', id: 7, path: '/k8s.io/c1' },
    { time: 1, process: ref(10), kind: 'attach', to: 7 },
    { time: 1, process: ref(10), cgroup: 7, kind: 'exec', exe: '/bin/cart', args: ['cart'] },
  );
  const [instance] = await shop.instances(1);
  expect(instance?.workload.owner).toMatch(/^cgroup\//);
  expect(shop.status().counters).not.toHaveProperty('identify.without-pod');
});
