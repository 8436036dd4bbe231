import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PodBook, type PodQuestion } from './pod-book.ts';
import { podFacts } from './pod-facts.ts';

const uid = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
const controller = (kind: string, name: string) => [{ apiVersion: 'apps/v1', kind, name, controller: true }];

interface Made {
  readonly name?: string;
  readonly version?: number | string | undefined;
  readonly node?: string;
  readonly owner?: string;
  readonly metadata?: object;
  readonly status?: object;
}

const pod = (
  n: number,
  { name = `cart-${n}`, version = 1, node = 'n1', owner = 'db', metadata, status }: Made = {},
) => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: uid(n),
    resourceVersion: version === undefined ? undefined : String(version),
    ownerReferences: controller('StatefulSet', owner),
    ...metadata,
  },
  spec: { nodeName: node, containers: [{ name: 'cart', livenessProbe: { exec: { command: ['/check'] } } }] },
  ...(status === undefined ? {} : { status }),
});

const question = (changes: Partial<PodQuestion> = {}): PodQuestion => ({
  containerId: 'id',
  uid: uid(1),
  namespace: 'shop',
  pod: 'cart-1',
  container: 'cart',
  ...changes,
});

function book(...pods: readonly unknown[]): PodBook {
  const made = new PodBook('n1');
  made.begin();
  made.page(pods);
  made.complete();
  return made;
}

describe('what is read of a pod', () => {
  it('is whose it is, where it runs, since when, and its containers', () => {
    const status = { startTime: '2026-11-20T10:00:00Z' };
    expect(podFacts(pod(1, { status }))).toMatchObject({
      namespace: 'shop',
      name: 'cart-1',
      uid: uid(1),
      version: '1',
      node: 'n1',
      owner: 'StatefulSet/db',
      startedAt: 1_795_168_800_000_000,
    });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'x'],
    ['a list', []],
    ['one without metadata', { spec: { containers: [{ name: 'c' }] } }],
    ['one without a uid', { metadata: { name: 'a', namespace: 'b' }, spec: { containers: [{ name: 'c' }] } }],
    ['one with a name of another type', pod(1, { metadata: { name: 7 } })],
    ['one with a name that nobody may have', pod(1, { metadata: { name: 'x'.repeat(254) } })],
    ['one without containers', { ...pod(1), spec: { nodeName: 'n1' } }],
  ])('is nothing of %s', (_name, value) => expect(podFacts(value)).toBeUndefined());

  it('never fails, whatever it is given', () => {
    const anything = fc.record(
      { metadata: fc.anything(), spec: fc.anything(), status: fc.anything() },
      { requiredKeys: [] },
    );
    const nearly = fc.record({
      metadata: fc.record({
        name: fc.string(),
        namespace: fc.string(),
        uid: fc.string(),
        labels: fc.anything(),
        annotations: fc.anything(),
        ownerReferences: fc.anything(),
      }),
      spec: fc.record({ nodeName: fc.anything(), containers: fc.array(fc.anything()) }),
      status: fc.anything(),
    });
    fc.assert(
      fc.property(fc.oneof(anything, nearly), (value) => {
        podFacts(value);
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

describe('whose a container is', () => {
  it('is told of the pod with its uid', () => {
    const found = book(pod(1), pod(2)).find(question());
    expect(found?.pod.owner).toBe('StatefulSet/db');
    expect(found?.container).toMatchObject({ role: 'main', probes: [['/check']] });
  });

  it.each<[string, Partial<PodQuestion>, string | undefined]>([
    ['by name alone', { uid: undefined }, 'cart-1'],
    ['by uid alone', { namespace: undefined, pod: undefined }, 'cart-1'],
    ['not of another pod by that name', { uid: uid(9) }, undefined],
    ['not when runtime and API disagree', { pod: 'cart-2' }, undefined],
    ['not of another namespace', { namespace: 'bank' }, undefined],
    ['not before its containers are told of', { container: 'debugger' }, undefined],
    ['the one that only holds the namespaces', { container: 'POD' }, 'cart-1'],
    ['not without anything', { uid: undefined, namespace: undefined, pod: undefined }, undefined],
    ['not by a namespace alone', { uid: undefined, pod: undefined }, undefined],
  ])('is found %s', (_name, changes, name) =>
    expect(book(pod(1), pod(2)).find(question(changes))?.pod.name).toBe(name),
  );

  it('is found by its id, where no runtime says what it is called', () => {
    const status = { containerStatuses: [{ name: 'cart', containerID: 'containerd://id' }] };
    const anonymous = question({ container: undefined, pod: undefined, namespace: undefined });
    expect(book(pod(1, { status })).find(anonymous)?.container.name).toBe('cart');
    expect(book(pod(1)).find(anonymous)).toBeUndefined();
  });

  describe('of a pod from a file of kubelet', () => {
    const hash = 'b1946ac92492d2347c6235b4d2611184';
    const annotations = { 'kubernetes.io/config.mirror': hash, 'kubernetes.io/config.hash': hash };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'n1', controller: true }];
    const mirror = pod(1, { name: 'etcd-n1', metadata: { annotations, ownerReferences } });
    const asked = question({ uid: hash, pod: 'etcd-n1' });

    it('is found by the uid that kubelet gave it, which only its runtime knows', () => {
      expect(book(mirror).find(asked)?.pod.owner).toBe('StaticPod/etcd');
      // As a cgroup path may show it.
      expect(book(mirror).find({ ...asked, uid: 'b1946ac9-2492-d234-7c62-35b4d2611184' })?.pod.name).toBe(
        'etcd-n1',
      );
    });

    it('is not whoever writes that uid into a pod of his own', () => {
      const thief = {
        ...pod(2, { name: 'thief' }),
        metadata: { ...mirror.metadata, name: 'thief', uid: uid(2) },
      };
      expect(book(thief).find(asked)).toBeUndefined();
      expect(book(thief).find({ ...asked, pod: undefined, namespace: undefined })).toBeUndefined();
      expect(book(thief, mirror).find(asked)?.pod.name).toBe('etcd-n1');
    });
  });
});

describe('changes', () => {
  it('count once, however often and late they come', () => {
    const now = book(pod(1, { version: 5, owner: 'db' }));
    const status = { containerStatuses: [{ name: 'cart', containerID: 'containerd://new' }] };
    now.set(pod(1, { version: 7, status }));
    now.set(pod(1, { version: 7, status }));
    now.set(pod(1, { version: 6 }));
    expect(now.find(question())?.container.running?.id).toBe('new');
    expect(now.size).toBe(1);
  });

  it('count in the order they come where versions are no numbers', () => {
    const now = book(pod(1, { version: 'b' }));
    now.set(
      pod(1, { version: 'a', status: { containerStatuses: [{ name: 'cart', containerID: 'x://new' }] } }),
    );
    expect(now.find(question())?.container.running?.id).toBe('new');
  });

  it('do not make a pod somebody else’s', () => {
    const now = book(pod(1, { version: 5, owner: 'db' }));
    now.set(pod(1, { version: 6, metadata: { labels: { quarantine: 'true' }, ownerReferences: [] } }));
    expect(now.find(question())?.pod.owner).toBe('StatefulSet/db');
    now.begin();
    now.page([pod(1, { version: 8, metadata: { ownerReferences: [] } })]);
    now.complete();
    expect(now.find(question())?.pod.owner).toBe('StatefulSet/db');
  });

  it('of a pod that was deleted bring nobody back; who it was is told on for a while', () => {
    const now = book(pod(1));
    now.remove(pod(1, { version: 3 }));
    now.set(pod(1, { version: 2 }));
    expect(now.size).toBe(0);
    expect(now.find(question())?.pod.owner).toBe('StatefulSet/db');
    now.set(pod(3, { name: 'cart-1', owner: 'next' }));
    expect(now.find(question({ uid: uid(3) }))?.pod.owner).toBe('StatefulSet/next');
    expect(now.find(question())?.pod.owner).toBe('StatefulSet/db');
  });

  it('of a pod that an old list was without bring it back', () => {
    const now = book(pod(1));
    now.begin();
    now.complete();
    expect(now.size).toBe(0);
    now.set(pod(1));
    expect(now.size).toBe(1);
  });

  it('of other nodes and of no form are counted', () => {
    const now = book(pod(1, { node: 'n2' }), 'x', pod(2));
    now.set(null);
    now.remove(7);
    now.remove(pod(3, { node: 'n2' }));
    expect(now.size).toBe(1);
    expect(now.counts).toEqual({ malformed: 3, ofOtherNodes: 1, refused: 0 });
  });
});

describe('lists', () => {
  it('replace what was known only when they are whole', () => {
    const now = book(pod(1), pod(2));
    now.begin();
    now.page([pod(3)]);
    expect(now.size).toBe(3);
    // It broke off: another begins.
    now.begin();
    now.page([pod(2)]);
    now.page([pod(4)]);
    now.complete();
    expect(
      [1, 2, 3, 4].map((n) => now.find(question({ uid: uid(n), pod: `cart-${n}` })) !== undefined),
    ).toEqual([true, true, true, true]);
    expect(now.size).toBe(2);
  });

  it('are taken up to a bound, and what did not fit is counted', () => {
    const now = book(...Array.from({ length: 1_100 }, (_, i) => pod(i)));
    expect(now.size).toBe(1_024);
    expect(now.counts.refused).toBe(76);
    for (let i = 0; i < 300; i += 1) now.remove(pod(i));
    expect(now.find(question({ uid: uid(0), pod: 'cart-0' }))).toBeUndefined();
    expect(now.find(question({ uid: uid(299), pod: 'cart-299' }))).toBeDefined();
  });
});

it('reaches the same pods whatever the order of what is told', () => {
  const change = fc.record({
    n: fc.integer({ min: 1, max: 4 }),
    version: fc.integer({ min: 1, max: 6 }),
    isGone: fc.boolean(),
  });
  const facts = (changes: readonly { n: number; version: number; isGone: boolean }[]): string => {
    const now = book();
    for (const { n, version, isGone } of changes)
      if (isGone) now.remove(pod(n, { version }));
      else now.set(pod(n, { version, status: { startTime: `2026-11-20T10:00:0${version}Z` } }));
    return [1, 2, 3, 4].map((n) => now.find(question({ uid: uid(n), pod: `cart-${n}` }))?.pod.version).join();
  };
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const twice = changes.flatMap((one) => [one, one]);
      expect(facts(twice)).toBe(facts(changes));
      const kept = changes.filter(({ isGone }) => !isGone);
      expect(facts([...kept].reverse())).toBe(facts(kept));
    }),
    { seed: 5 },
  );
});

describe('pods that are over', () => {
  const over = { status: { phase: 'Failed' } };

  it('take no room from those that run, however many somebody has made for the node', () => {
    const flood = Array.from({ length: 2_000 }, (_, i) => pod(i + 10, over));
    const made = book(...flood, pod(1));
    expect(made.size).toBe(1);
    expect(made.counts.refused).toBe(0);
    expect(made.find(question())?.pod.name).toBe('cart-1');
  });

  it('are still told of for a while, as who they were at first sight', () => {
    const made = book(pod(1));
    made.set(pod(1, { version: 2, owner: 'other', ...over }));
    expect(made.size).toBe(0);
    expect(made.find(question())?.pod.owner).toBe('StatefulSet/db');
  });
});
