import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentRules, serviceAccount } from '../../test/fakes/kube-api/access.ts';
import { FakeKubeApi, failures } from '../../test/fakes/kube-api/kube-api.ts';
import type { Pod } from '../../test/fakes/kube-api/object-store.ts';
import type { ObjectSink } from '../ports/containers.ts';
import { addressInPod } from './kubernetes/access.ts';
import { Lines } from './kubernetes/lines.ts';
import { type KubernetesOptions, kubernetesNamespaces, kubernetesPods } from './kubernetes.ts';

const agent = serviceAccount('whorl-system', 'whorl-agent', agentRules);

/** What an adapter told, in words, and the pods that are there by it. */
class Told implements ObjectSink {
  readonly said: string[] = [];
  readonly pods = new Map<string, Pod>();
  #listed = new Set<string>();
  #waiting: (() => void)[] = [];

  begin(): void {
    this.#listed = new Set();
    this.#say('list');
  }
  page(pods: readonly unknown[]): void {
    for (const pod of pods) {
      this.#listed.add(this.#put(pod));
    }
    this.#say(`page of ${pods.length}`);
  }
  complete(): void {
    for (const name of this.pods.keys()) if (!this.#listed.has(name)) this.pods.delete(name);
    this.#say('listed');
  }
  set(pod: unknown): void {
    this.#say(`set ${this.#put(pod)}`);
  }
  remove(pod: unknown): void {
    const { name } = (pod as Pod).metadata;
    this.pods.delete(name);
    this.#say(`remove ${name}`);
  }
  reached(): void {
    this.#say('reached');
  }
  away(reason: string): void {
    this.#say(`away: ${reason}`);
  }

  async until(find: (said: readonly string[]) => boolean): Promise<void> {
    while (!find(this.said)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  says(text: string, times = 1): Promise<void> {
    return this.until((said) => said.filter((one) => one.includes(text)).length >= times);
  }

  #put(pod: unknown): string {
    const { name } = (pod as Pod).metadata;
    this.pods.set(name, pod as Pod);
    return name;
  }

  #say(text: string): void {
    this.said.push(text);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

let api: FakeKubeApi;
let told: Told;
let stop: AbortController;
let runs: Promise<void>[];
beforeEach(async () => {
  api = await new FakeKubeApi().start();
  api.let(agent);
  told = new Told();
  stop = new AbortController();
  runs = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(runs);
  await api.close();
});

const options = (): KubernetesOptions => ({
  server: api.address,
  tokenFile: api.tokenFile,
  caFile: api.caFile,
  random: () => 0,
  now: () => Date.now() * 1000,
});

function follow(changes: Partial<KubernetesOptions> = {}): void {
  runs.push(kubernetesPods('n1', { ...options(), ...changes }).run(told, stop.signal));
}

const pod = (name: string, more: object = {}): Pod => ({
  metadata: { name, namespace: 'shop' },
  spec: { nodeName: 'n1', containers: [{ name: 'main' }] },
  ...more,
});
const put = (...names: string[]): void => {
  for (const name of names) api.pods.put(pod(name));
};
const listings = (): URLSearchParams[] =>
  api.asked.filter(({ query }) => !query.has('watch')).map(({ query }) => query);
const watchings = (): URLSearchParams[] =>
  api.asked.filter(({ query }) => query.has('watch')).map(({ query }) => query);

describe('the pods of this node', () => {
  it('are listed, from the memory of the server, and followed from there', async () => {
    put('a', 'b');
    api.pods.put({ metadata: { name: 'z' }, spec: { nodeName: 'n2' } });
    follow();
    await told.says('reached');
    expect(told.said).toEqual(['list', 'page of 2', 'listed', 'reached']);
    api.pods.put(pod('c'));
    api.pods.put(pod('a', { status: { phase: 'Running' } }));
    api.pods.remove('shop', 'b');
    api.pods.put({ metadata: { name: 'z' }, spec: { nodeName: 'n3' } });
    await told.says('remove b');
    expect(told.said.slice(4)).toEqual(['set c', 'set a', 'remove b']);
    expect(Object.fromEntries(listings()[0] ?? [])).toEqual({
      fieldSelector: 'spec.nodeName=n1',
      resourceVersion: '0',
      limit: '128',
    });
    expect(Object.fromEntries(watchings()[0] ?? [])).toMatchObject({
      fieldSelector: 'spec.nodeName=n1',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '240',
    });
  });

  it('are followed on from the last bookmark when the server ends a watch', async () => {
    put('a');
    follow();
    await told.says('reached');
    // Changes elsewhere, of which this watch is told nothing but where it stands.
    api.pods.put({ metadata: { name: 'z' }, spec: { nodeName: 'n2' } });
    api.watches.bookmark();
    const at = String(api.pods.version);
    api.watches.end();
    await told.says('reached', 2);
    expect(watchings().at(-1)?.get('resourceVersion')).toBe(at);
    expect(listings()).toHaveLength(1);
    expect(told.said.some((one) => one.startsWith('away'))).toBe(false);
  });

  it.each([
    ['by a 410 in the stream', () => api.pods.compact()],
    [
      'by a 410 of the request',
      () => api.failures.push({ ...failures.tooBusy, code: 410, reason: 'Expired' }),
    ],
  ])('are listed anew when what was known is too old, told %s', async (_name, age) => {
    put('a', 'b');
    follow();
    await told.says('reached');
    const watched = watchings().length;
    // While nobody watches: b goes and c comes, and the server forgets about it.
    await api.stop();
    await told.says('away');
    api.pods.remove('shop', 'b');
    put('c');
    age();
    await api.start();
    api.let(agent);
    // The new certificate has a new authority: read again with the next connection.
    await told.says('listed', 2);
    await told.says('reached', 2);
    expect([...told.pods.keys()].sort()).toEqual(['a', 'c']);
    expect(watchings().length).toBeGreaterThan(watched);
    // Another server may remember even less: this time from where they are stored.
    expect(listings().at(-1)?.has('resourceVersion')).toBe(false);
  });

  it('come in pages, and all over again when the next page is gone', async () => {
    put(...Array.from({ length: 300 }, (_, i) => `p${i}`));
    let pages = 0;
    api.bend = (body, { query }) => {
      if (!query.has('limit')) return body;
      pages += 1;
      // After the second page the server forgets.
      if (pages === 2) api.pods.compact();
      return body;
    };
    // From memory all comes at once: the pages are those of the list after the watch that failed.
    api.pods.compact();
    api.failures.push(undefined, { ...failures.tooBusy, code: 410, reason: 'Expired' });
    follow();
    await told.says('reached');
    expect(told.pods.size).toBe(300);
    expect(told.said.filter((one) => one === 'list').length).toBe(3);
    expect(told.said.slice(-5)).toEqual(['page of 128', 'page of 128', 'page of 44', 'listed', 'reached']);
  });

  it('come in smaller pages where they are too large for one', async () => {
    const large = 'x'.repeat(1_500_000);
    for (let i = 0; i < 12; i += 1)
      api.pods.put(
        pod(`large-${i}`, { metadata: { name: `large-${i}`, namespace: 'shop', annotations: { large } } }),
      );
    follow();
    await told.says('reached');
    expect(told.pods.size).toBe(12);
    expect(listings().map((query) => query.get('limit'))).toEqual([
      '128',
      '16',
      '2',
      '2',
      '2',
      '2',
      '2',
      '2',
    ]);
  });
});

describe('the namespaces that bear a label', () => {
  const label = 'whorl.dev/disarmed-until';
  const labelled = (name: string, labels: Readonly<Record<string, string>> = { [label]: '1' }): void => {
    api.namespaces.put({ metadata: { name, labels } });
  };
  const followNamespaces = (): void =>
    void runs.push(kubernetesNamespaces(label, options()).run(told, stop.signal));

  it('are listed and followed, and of others nothing is told', async () => {
    labelled('shop');
    labelled('bank', { team: 'b' });
    put('a');
    followNamespaces();
    await told.says('reached');
    expect(told.said).toEqual(['list', 'page of 1', 'listed', 'reached']);
    labelled('bank', { [label]: '2' });
    labelled('shop', { [label]: '3' });
    labelled('shop', { team: 's' });
    labelled('plain', {});
    api.namespaces.remove(undefined, 'bank');
    await told.says('remove bank');
    expect(told.said.slice(4)).toEqual(['set bank', 'set shop', 'remove shop', 'remove bank']);
    expect(Object.fromEntries(listings()[0] ?? [])).toEqual({
      labelSelector: label,
      resourceVersion: '0',
      limit: '128',
    });
    expect(Object.fromEntries(watchings()[0] ?? [])).toMatchObject({ labelSelector: label, watch: '1' });
    expect(api.asked.every(({ path }) => path === '/api/v1/namespaces')).toBe(true);
  });

  it('are told of again when the API was away', async () => {
    labelled('shop');
    followNamespaces();
    await told.says('reached');
    await api.stop();
    await told.says('away');
    api.namespaces.remove(undefined, 'shop');
    labelled('bank');
    api.namespaces.compact();
    await api.start();
    api.let(agent);
    await told.says('listed', 2);
    expect([...told.pods.keys()]).toEqual(['bank']);
  });

  it('are asked for again and again where the right to list them is missing, which is named', async () => {
    api.let({ ...agent, rules: agentRules.filter(({ resource }) => resource === 'pods') });
    labelled('shop');
    followNamespaces();
    await told.says('away', 2);
    expect(told.said.find((one) => one.startsWith('away'))).toBe(
      `away: the Kubernetes API at ${api.address}: it refuses (403): namespaces is forbidden: User "system:serviceaccount:whorl-system:whorl-agent" cannot list resource "namespaces" in API group "" at the cluster scope; the agent needs list and watch on namespaces (deploy/kubernetes/agent-rbac.yaml)`,
    );
    api.let(agent);
    await told.says('reached');
    expect([...told.pods.keys()]).toEqual(['shop']);
  });

  it('are given up when there are more than any number of pages holds', async () => {
    api.bend = (body, { query }) =>
      !query.has('limit')
        ? body
        : JSON.stringify({
            kind: 'NamespaceList',
            metadata: { continue: 'eyJydiI6OTk5OTk5OX0' },
            items: null,
          });
    followNamespaces();
    await told.says('more namespaces than 1024 pages hold');
  });
});

describe('a stream that is not as it should be', () => {
  it('is taken up again after a cut in the middle of a pod, without listing', async () => {
    put('a');
    follow();
    await told.says('reached');
    put('b');
    await told.says('set b');
    api.watches.say('{"type":"ADDED","object":{"metadata":{"name":"half');
    api.watches.drop();
    await told.says('reached', 2);
    put('c');
    await told.says('set c');
    expect(listings()).toHaveLength(1);
    expect([...told.pods.keys()]).toEqual(['a', 'b', 'c']);
    expect(told.said.some((one) => one.startsWith('away'))).toBe(false);
  });

  it('is put together from pieces, and may tell several things at once', async () => {
    follow();
    await told.says('reached');
    const lines = ['p', 'ü', '\u0000"\\'].map((name) => JSON.stringify({ type: 'ADDED', object: pod(name) }));
    for (const byte of Buffer.from(`${lines.join('\n')}\n\n`)) api.watches.say(Uint8Array.of(byte));
    await told.until((said) => said.filter((one) => one.startsWith('set ')).length === 3);
    expect([...told.pods.keys()]).toEqual(['p', 'ü', '\u0000"\\']);
  });

  it.each([
    ['what is no JSON', 'nothing\n'],
    ['another form', '[1]\n'],
    ['a change without an object', '{"type":"ADDED"}\n'],
    ['an unknown change', '{"type":"MOVED","object":{}}\n'],
    [
      'an error of the server',
      '{"type":"ERROR","object":{"code":500,"message":"etcdserver: leader changed"}}\n',
    ],
    ['an error of no known form', '{"type":"ERROR","object":{}}\n'],
  ])('is left for a new one when it tells %s', async (_name, line) => {
    put('a');
    follow();
    await told.says('reached');
    api.watches.say(line);
    await told.says('reached', 2);
    put('b');
    await told.says('set b');
    expect(listings()).toHaveLength(1);
  });

  it('is given up when a line never ends', () => {
    const lines = new Lines(8);
    expect(lines.push(Buffer.from('12345678\n12'))).toEqual(['12345678']);
    expect(() => lines.push(Buffer.from('3456789'))).toThrow('more than 8 bytes');
  });

  it('is told to be away when it fails again and again', async () => {
    follow();
    await told.says('reached');
    for (let i = 1; i <= 3; i += 1) {
      api.watches.say('{}\n');
      await told.until(
        (said) =>
          said.filter((one) => one === 'reached').length > i || said.some((s) => s.startsWith('away')),
      );
    }
    await told.says('away');
    expect(told.said.findLast((one) => one.startsWith('away'))).toMatch(/changes in an unknown form/);
  });
});

describe('an API that does not let us in', () => {
  const reasonOf = async (): Promise<string> => {
    await told.says('away');
    return told.said.find((one) => one.startsWith('away')) ?? '';
  };

  it('is told with the right that is missing', async () => {
    api.let({ ...agent, rules: [{ group: '', resource: 'pods', verbs: ['get', 'list'] }] });
    follow();
    expect(await reasonOf()).toBe(
      `away: the Kubernetes API at ${api.address}: it refuses (403): pods is forbidden: User "system:serviceaccount:whorl-system:whorl-agent" cannot watch resource "pods" in API group "" at the cluster scope; the agent needs get, list and watch on pods in all namespaces (deploy/kubernetes/agent-rbac.yaml)`,
    );
    api.let(agent);
    await told.says('reached');
  });

  it('is told when its token is nobody’s, and asked again with the one that comes', async () => {
    writeFileSync(api.tokenFile, 'old');
    follow();
    expect(await reasonOf()).toMatch(/does not accept the token \(401\)/);
    api.let(agent);
    await told.says('reached');
  });

  it('is asked at once with a token that changed while the old one was refused', async () => {
    const token = api.let(agent);
    api.users.delete(token);
    writeFileSync(api.tokenFile, 'old');
    api.bend = (body) => {
      // The kubelet writes the new one just now.
      if (!api.users.has('new')) api.let(agent, 'new');
      return body;
    };
    follow();
    await told.says('reached');
    expect(told.said.some((one) => one.startsWith('away'))).toBe(false);
  });

  it('gets the new token with the next watch after a rotation', async () => {
    const old = api.let(agent);
    follow();
    await told.says('reached');
    api.let(agent);
    api.users.delete(old);
    api.watches.end();
    await told.says('reached', 2);
    expect(api.asked.at(-1)?.user).toBe(agent.name);
    expect(told.said.some((one) => one.startsWith('away'))).toBe(false);
  });

  it.each<[string, (file: string) => Partial<KubernetesOptions>, RegExp]>([
    ['a token file', (file) => ({ tokenFile: `${file}-none` }), /the token cannot be read from .*-none/],
    ['a token in it', (file) => ({ tokenFile: file }), /holds no token/],
    [
      'a certificate',
      (file) => ({ caFile: `${file}-none` }),
      /certificate of the Kubernetes API cannot be read/,
    ],
    ['a certificate in it', (file) => ({ caFile: file }), /holds no certificate/],
  ])('is told when we have not %s', async (_name, changes, reason) => {
    const file = join(api.dir, 'file');
    writeFileSync(file, 'two words\nmore');
    follow(changes(file));
    expect(await reasonOf()).toMatch(reason);
  });

  it.each<[string, { expired?: boolean; names?: string[] }]>([
    ['has expired', { expired: true }],
    ['is for somebody else', { names: ['kubernetes.default'] }],
  ])('is told when its certificate %s', async (_name, how) => {
    await api.stop();
    await api.start(how);
    follow();
    expect(await reasonOf()).toMatch(/certificate/);
  });

  it('is told when its certificate is of another authority', async () => {
    const other = await new FakeKubeApi().start();
    follow({ caFile: other.caFile });
    expect(await reasonOf()).toMatch(/its certificate is not one of the given authority/);
    await other.close();
  });

  it('is told when nobody listens, when it is no TLS, and when it says nothing', async () => {
    const plain = createServer((_request, answer) => answer.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => plain.once('listening', resolve));
    follow({ server: `https://127.0.0.1:${(plain.address() as AddressInfo).port}` });
    expect(await reasonOf()).toMatch(/no TLS|does not answer/);
    plain.close();
    follow({ server: 'https://127.0.0.1:1' });
    await told.says('ECONNREFUSED');
  });

  it('is left alone for as long as it asks', async () => {
    api.headers = { 'retry-after': '1' };
    api.failures.push(failures.tooBusy);
    const from = Date.now();
    follow();
    await told.says('reached');
    expect(Date.now() - from).toBeGreaterThanOrEqual(950);
    expect(told.said[1]).toMatch(/too busy \(429\)/);
  });

  it.each([
    ['something else', '{"kind":"Status"}'],
    ['a page of a proxy', '<html>'],
    ['too many pages', undefined],
  ])('is told when it answers %s', async (_name, answer) => {
    api.bend = (body, { query }) =>
      !query.has('limit')
        ? body
        : (answer ??
          JSON.stringify({ kind: 'PodList', metadata: { continue: 'eyJydiI6OTk5OTk5OX0' }, items: null }));
    follow();
    expect(await reasonOf()).toMatch(/something else than a list|no JSON|more pods than 1024 pages/);
  });
});

it('ends when it is told to, in the middle of everything', async () => {
  follow();
  await told.says('reached');
  stop.abort();
  await Promise.all(runs);
  expect(told.said.at(-1)).toBe('reached');
});

it.each([
  [{}, undefined],
  [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, undefined],
  [{ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443/x' }, undefined],
  [{ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }, 'https://10.0.0.1:443'],
  [{ KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://[fd00::1]:6443'],
])('knows where the API is in a pod with %j', (env, address) => expect(addressInPod(env)).toBe(address));
