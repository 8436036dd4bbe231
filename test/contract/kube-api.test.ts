import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Agent, type Dispatcher, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { agentRules, serviceAccount } from '../fakes/kube-api/access.ts';
import { FakeKubeApi } from '../fakes/kube-api/kube-api.ts';
import type { Pod } from '../fakes/kube-api/object-store.ts';

/** The fake API server answers what a real one was recorded to answer (bpf-fixtures/kubernetes-1.20). */

const folder = new URL('../../bpf-fixtures/kubernetes-1.20/', import.meta.url).pathname;
const recorded = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const stream = JSON.parse(gunzipSync(readFileSync(join(folder, 'watch-pods.json.gz'))).toString());

let api: FakeKubeApi;
let dispatcher: Agent;
let administrator: string;
beforeEach(async () => {
  api = await new FakeKubeApi().start();
  dispatcher = new Agent({ connect: { ca: readFileSync(api.caFile, 'utf8') } });
  administrator = api.let({ ...serviceAccount('default', 'root', 'all') }, 'administrator');
});
afterEach(async () => {
  await dispatcher.destroy();
  await api.close();
});

interface Question {
  readonly method?: Dispatcher.HttpMethod;
  readonly token?: string;
  readonly body?: object;
}

async function ask(path: string, { method = 'GET', token = administrator, body }: Question = {}) {
  const answer = await request(`${api.address}${path}`, {
    dispatcher,
    method,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as Answer };
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of either side, compared as a whole.
type Answer = any;

/** Who changed what is written by servers alone; no reader of ours looks at it. */
function plain(value: Answer): Answer {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== 'managedFields');
  return Object.fromEntries(entries.map(([name, one]) => [name, plain(one)]));
}

const versionless = (pod: Answer): Answer => ({ ...pod, metadata: { ...pod.metadata, resourceVersion: '' } });

describe('a list', () => {
  it('is that of the recording, with the pods of the recording', async () => {
    const { request: asked, response } = recorded('06-pod-list-by-node.json');
    for (const pod of response.body.items) api.pods.put(pod);
    api.pods.put({ metadata: { name: 'elsewhere' }, spec: { nodeName: 'other' } });
    const answer = await ask(asked.path);
    expect(answer.status).toBe(response.status);
    expect(answer.headers).toMatchObject({
      'cache-control': response.headers['cache-control'],
      'content-type': response.headers['content-type'],
    });
    expect(answer.body.items.map(versionless)).toEqual(response.body.items.map(versionless));
    expect(Object.keys(answer.body)).toEqual(Object.keys(response.body));
    expect(Object.keys(answer.body.metadata)).toEqual(Object.keys(response.body.metadata));
  });

  it('comes in pages, told as recorded', async () => {
    const { request: asked, response } = recorded('25-sa-pod-list-ok.json');
    const [first] = response.body.items;
    for (const name of [first.metadata.name, 'two', 'three'])
      api.pods.put({ ...first, metadata: { ...first.metadata, name, uid: name } });
    const { body } = await ask(asked.path);
    expect(Object.keys(body.metadata)).toEqual(Object.keys(response.body.metadata));
    expect(body.metadata.remainingItemCount).toBe(2);
    const start = JSON.parse(Buffer.from(response.body.metadata.continue, 'base64url').toString()).start;
    expect(JSON.parse(Buffer.from(body.metadata.continue, 'base64url').toString())).toEqual({
      v: 'meta.k8s.io/v1',
      rv: Number(body.metadata.resourceVersion),
      start,
    });
    const rest = await ask(`/api/v1/pods?limit=5&continue=${body.metadata.continue}`);
    expect(rest.body.items.map((pod: Pod) => pod.metadata.name)).toEqual(['three', 'two']);
    expect(rest.body.metadata).toEqual({ resourceVersion: body.metadata.resourceVersion });
  });

  it('cannot be continued when it is too old', async () => {
    const response = recorded('pod-list-continue-expired-410.json');
    for (const name of ['a', 'b']) api.pods.put({ metadata: { name } });
    const { body } = await ask('/api/v1/pods?limit=1');
    api.pods.compact();
    const answer = await ask(`/api/v1/pods?limit=1&continue=${body.metadata.continue}`);
    expect(answer.status).toBe(response.status);
    const { metadata, ...status } = response.body;
    expect(answer.body).toMatchObject(status);
    expect(JSON.parse(Buffer.from(answer.body.metadata.continue, 'base64url').toString()).rv).toBe(
      JSON.parse(Buffer.from(metadata.continue, 'base64url').toString()).rv,
    );
  });
});

describe('one pod', () => {
  it('is told with what it is', async () => {
    const { request: asked, response } = recorded('11-pod-get-running.json');
    api.pods.put(response.body);
    const { status, body } = await ask(asked.path);
    expect({ status, body: versionless(body) }).toEqual({
      status: response.status,
      body: versionless(response.body),
    });
    expect(Object.keys(body).slice(0, 2)).toEqual(['kind', 'apiVersion']);
  });

  it('is not found as recorded', async () => {
    const { request: asked, response } = recorded('16-pod-get-after-eviction.json');
    const { status, body } = await ask(asked.path);
    expect({ status, body }).toEqual({ status: response.status, body: response.body });
  });
});

describe('a watch', () => {
  it('tells the recorded life of pods in the recorded lines', async () => {
    const query = new URL(stream.request.path, api.address).searchParams;
    query.set('resourceVersion', String(api.pods.version));
    query.set('timeoutSeconds', '1');
    const answer = await request(`${api.address}/api/v1/pods?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${administrator}` },
    });
    expect(answer.statusCode).toBe(stream.status);
    expect(answer.headers['transfer-encoding']).toBe(stream.headers['transfer-encoding']);
    for (const { line } of stream.lines) {
      if (line.type === 'DELETED') api.pods.remove('default', line.object.metadata.name);
      else api.pods.put(line.object);
    }
    const text = await answer.body.text();
    expect(text.endsWith('\n')).toBe(true);
    const lines: Answer[] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type, object }) => [type, object.metadata.name])).toEqual(
      stream.lines.map(({ line }: Answer) => [line.type, line.object.metadata.name]),
    );
    const last = stream.lines.findLast(({ line }: Answer) => line.type === 'MODIFIED').line;
    const same = lines.findLast(({ type }) => type === 'MODIFIED');
    expect(versionless(same.object)).toEqual(versionless(last.object));
  });

  it('that begins too long ago says so in the stream', async () => {
    const old = recorded('watch-pods-410-gone.json');
    api.pods.compact();
    const { status, body } = await ask('/api/v1/pods?watch=1&resourceVersion=5');
    expect(status).toBe(old.status);
    const { object, type } = old.lines[0].line;
    expect(body).toEqual({
      type,
      object: { ...object, message: `too old resource version: 5 (${api.pods.version})` },
    });
  });

  it('shows what comes into a selection and what leaves it', async () => {
    const path = `/api/v1/pods?watch=1&resourceVersion=${api.pods.version}&timeoutSeconds=1&fieldSelector=spec.nodeName%3Dn1`;
    const answer = request(`${api.address}${path}`, {
      dispatcher,
      headers: { authorization: `Bearer ${administrator}` },
    });
    api.pods.put({ metadata: { name: 'a' }, spec: {} });
    api.pods.put({ metadata: { name: 'a' }, spec: { nodeName: 'n1' } });
    api.pods.put({ metadata: { name: 'a' }, spec: { nodeName: 'n2' } });
    const lines = (await (await answer).body.text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['ADDED', 'DELETED']);
  });
});

describe('namespaces', () => {
  const label = 'whorl.dev/disarmed-until';
  const names = async (selector: string): Promise<string[]> => {
    const { body } = await ask(`/api/v1/namespaces?labelSelector=${encodeURIComponent(selector)}`);
    return body.items.map(({ metadata }: Pod) => metadata.name);
  };
  beforeEach(() => {
    api.namespaces.put({ metadata: { name: 'shop', labels: { [label]: '1', team: 'a' } } });
    api.namespaces.put({ metadata: { name: 'bank', labels: { team: 'b' } } });
    api.namespaces.put({ metadata: { name: 'plain' } });
  });

  it.each<[string, string[]]>([
    ['', ['bank', 'plain', 'shop']],
    [label, ['shop']],
    [`!${label}`, ['bank', 'plain']],
    [`${label},team=a`, ['shop']],
    ['team==b', ['bank']],
    ['team!=b', ['plain', 'shop']],
    ['team,team!=a', ['bank']],
  ])('that %j selects by their labels', async (selector, found) => {
    expect(await names(selector)).toEqual(found);
  });

  it.each(['a in (b)', '!team=a', '='])('are not selected by %j', async (selector) => {
    const { status, body } = await ask(`/api/v1/namespaces?labelSelector=${encodeURIComponent(selector)}`);
    expect({ status, reason: body.reason }).toEqual({ status: 400, reason: 'BadRequest' });
  });

  it('are told by name, without a namespace of their own', async () => {
    const { body } = await ask('/api/v1/namespaces/shop');
    expect(body).toMatchObject({ kind: 'Namespace', metadata: { name: 'shop' } });
    expect(body.metadata.namespace).toBeUndefined();
    expect((await ask('/api/v1/namespaces')).body.kind).toBe('NamespaceList');
    expect((await ask('/api/v1/namespaces/none')).status).toBe(404);
  });

  it('that lose a label are deleted for who watches it, as they were before', async () => {
    const query = `watch=1&resourceVersion=${api.namespaces.version}&timeoutSeconds=1&labelSelector=${label}`;
    const answer = request(`${api.address}/api/v1/namespaces?${query}`, {
      dispatcher,
      headers: { authorization: `Bearer ${administrator}` },
    });
    api.namespaces.put({ metadata: { name: 'plain', labels: { [label]: '2' } } });
    api.namespaces.put({ metadata: { name: 'plain', labels: {} } });
    api.namespaces.put({ metadata: { name: 'bank', labels: {} } });
    const lines = (await (await answer).body.text()).trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line));
    expect(told.map(({ type, object }) => [type, object.metadata.name, object.metadata.labels])).toEqual([
      ['ADDED', 'plain', { [label]: '2' }],
      ['DELETED', 'plain', { [label]: '2' }],
    ]);
    expect(Number(told[1].object.metadata.resourceVersion)).toBe(api.namespaces.version - 1);
  });
});

describe('who asks', () => {
  const agent = serviceAccount('default', 'agent', agentRules);

  it('is refused without a token that is somebody’s', async () => {
    const { request: asked, response } = recorded('27-bad-token-401.json');
    const { status, body } = await ask(asked.path, { token: 'x' });
    expect({ status, body }).toEqual({ status: response.status, body: response.body });
  });

  it('is refused what his roles do not give', async () => {
    const { request: asked, response } = recorded('26-sa-secrets-forbidden-403.json');
    const { status, body } = await ask(asked.path, { token: api.let(agent) });
    expect({ status, body }).toEqual({ status: response.status, body: response.body });
  });

  it.each([
    ['28-tokenreview-ok.json', 'REDACTED-JWT'],
    ['29-tokenreview-bad.json', 'x'],
  ])('can have a token reviewed: %s', async (name, token) => {
    const { request: asked, response } = recorded(name);
    api.users.set('REDACTED-JWT', agent);
    expect(asked.body.spec.token).toBe(token);
    const { status, body } = await ask(asked.path, { method: 'POST', body: asked.body });
    expect({ status, body }).toEqual({ status: response.status, body: plain(response.body) });
  });

  it('may, as the agent, what deploy/ gives it and no more', () => {
    const file = new URL('../../deploy/kubernetes/agent-rbac.yaml', import.meta.url);
    const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((one) => one.toJS());
    const role = documents.find(({ kind }) => kind === 'ClusterRole');
    expect(role.rules).toEqual(
      agentRules.map(({ group, resource, verbs }) => ({ apiGroups: [group], resources: [resource], verbs })),
    );
    const binding = documents.find(({ kind }) => kind === 'ClusterRoleBinding');
    const account = documents.find(({ kind }) => kind === 'ServiceAccount');
    expect(binding.roleRef.name).toBe(role.metadata.name);
    expect(binding.subjects).toMatchObject([{ kind: 'ServiceAccount', ...account.metadata }]);
  });

  it('can ask what he may', async () => {
    const { request: asked, response } = recorded('30-ssar-delete-pods.json');
    const { status, body } = await ask(asked.path, { method: 'POST', body: asked.body });
    expect(status).toBe(response.status);
    expect(body).toMatchObject({
      kind: response.body.kind,
      spec: response.body.spec,
      status: { allowed: response.body.status.allowed },
    });
    const mayNot = await ask(asked.path, { method: 'POST', body: asked.body, token: api.let(agent) });
    expect(mayNot.body.status).toEqual({ allowed: false });
  });
});

describe('discovery', () => {
  it.each([['01-version.json'], ['02-api.json'], ['04-api-v1-resources.json']])(
    'has the form of %s',
    async (name) => {
      const { request: asked, response } = recorded(name);
      const { status, body } = await ask(asked.path);
      expect(status).toBe(response.status);
      expect(Object.keys(body)).toEqual(Object.keys(response.body));
    },
  );

  it.each(['pods', 'namespaces'])('tells of %s as recorded', async (name) => {
    const of = ({ resources }: Answer): Answer => resources.find((r: Answer) => r.name === name);
    const { body } = await ask('/api/v1');
    expect(of(body)).toEqual(of(recorded('04-api-v1-resources.json').response.body));
  });
});
