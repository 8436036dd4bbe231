import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerdRuntime } from '../../agent/adapters/runtime-containerd.ts';
import { criRuntime } from '../../agent/adapters/runtime-cri.ts';
import { SegmentSpool } from '../../agent/adapters/spool-segments.ts';
import { disarmLabel } from '../../agent/core/kubernetes/disarm-label.ts';
import type { AgentLine } from '../../cli/agent-line.ts';
import type { Report } from '../../fingerprint/report.ts';
import { parseReport } from '../../fingerprint/report-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { agentRules, serviceAccount } from '../fakes/kube-api/access.ts';
import { FakeKubeApi } from '../fakes/kube-api/kube-api.ts';
import type { Pod } from '../fakes/kube-api/object-store.ts';
import { Containerd } from './support/containerd.ts';
import { Kubelet } from './support/kubelet.ts';
import { NodeAgent } from './support/node-agent.ts';
import { type OciImage, ociImage } from './support/oci-image.ts';

const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), 'whorl-kubernetes-'));
let api: FakeKubeApi;
beforeAll(async () => {
  api = await new FakeKubeApi().start();
});
afterAll(async () => {
  await api.close();
  rmSync(dir, { recursive: true, force: true });
});

const cartPod = (uid: string): Pod => ({
  metadata: {
    name: 'cart-7d9f8b6c5-x2x4z',
    namespace: 'shop',
    uid,
    labels: { app: 'cart', 'pod-template-hash': '7d9f8b6c5' },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9f8b6c5', uid: 'u', controller: true },
    ],
  },
  spec: {
    nodeName: 'node-1',
    initContainers: [{ name: 'prepare', image: 'reg.local/shop/cart:v1', args: ['prepare'] }],
    containers: [
      {
        name: 'cart',
        image: 'reg.local/shop/cart:v1',
        env: [{ name: 'WHAT', value: 'check' }],
        livenessProbe: { exec: { command: ['/bin/cart', '$(WHAT)'] } },
      },
    ],
  },
  status: { phase: 'Running' },
});

describe('kubectl and the API server of our tests', () => {
  const kubeconfig = join(dir, 'kubeconfig');
  const environment = { ...process.env, KUBECONFIG: kubeconfig, HOME: dir };
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('kubectl', args, { env: environment });
    return stdout.trim();
  };

  beforeAll(() => {
    const token = api.let(serviceAccount('whorl-system', 'reader', agentRules), 'reader');
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: api.address, 'certificate-authority': api.caFile } }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    api.pods.put(cartPod('11111111-2222-3333-4444-000000000001'));
  });
  afterAll(() => api.pods.remove('shop', 'cart-7d9f8b6c5-x2x4z'));

  it('agree about pods, whole and selected', async () => {
    const all = JSON.parse(await kubectl('get', 'pods', '-A', '-o', 'json'));
    expect(all.items.map((pod: Pod) => pod.metadata.name)).toEqual(['cart-7d9f8b6c5-x2x4z']);
    const one = JSON.parse(await kubectl('-n', 'shop', 'get', 'pod', 'cart-7d9f8b6c5-x2x4z', '-o', 'json'));
    expect(one).toMatchObject({ kind: 'Pod', spec: { nodeName: 'node-1' } });
    const none = await kubectl('get', 'pods', '-A', '-o', 'name', '--field-selector', 'spec.nodeName=node-2');
    expect(none).toBe('');
    await expect(kubectl('-n', 'shop', 'get', 'pod', 'none')).rejects.toThrow(
      'Error from server (NotFound): pods "none" not found',
    );
    expect(JSON.parse(await kubectl('get', '--raw', '/version')).gitVersion).toBe('v1.20.2');
  });

  it('agree in pages', async () => {
    for (const name of ['a', 'b', 'c']) api.pods.put({ metadata: { name, namespace: 'pages' }, spec: {} });
    const names = await kubectl('-n', 'pages', 'get', 'pods', '-o', 'name', '--chunk-size=1');
    expect(names.split('\n')).toEqual(['pod/a', 'pod/b', 'pod/c']);
  });

  it('agree about what changes', async () => {
    const args = ['-n', 'watched', 'get', 'pods', '-w', '--output-watch-events', '-o', 'json'];
    const child = spawn('kubectl', args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    const seen = async (found: string): Promise<void> => {
      while (!text.includes(found)) {
        const [part] = await once(child.stdout, 'data');
        text += part;
      }
    };
    const from = api.watches.size;
    while (api.watches.size === from) await sleep(20);
    api.pods.put({ metadata: { name: 'one', namespace: 'watched' }, spec: {} });
    await seen('"ADDED"');
    api.pods.put({ metadata: { name: 'one', namespace: 'watched' }, spec: {}, status: { phase: 'Running' } });
    await seen('"MODIFIED"');
    api.pods.remove('watched', 'one');
    await seen('"DELETED"');
    child.kill();
    await once(child, 'close');
  });

  it('agree about namespaces that bear a label, and about what a label may say', async () => {
    const write = (value: string): Promise<string> => {
      const file = join(dir, 'namespace.json');
      writeFileSync(
        file,
        JSON.stringify({ kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'shop' } }),
      );
      return kubectl('label', '--local', '-f', file, `${disarmLabel}=${value}`, '-o', 'json');
    };
    const seconds = String(Math.floor(Date.now() / 1000) + 7_200);
    const shop = JSON.parse(await write(seconds));
    await expect(write('2026-11-20T10:00:00Z')).rejects.toThrow(
      /a valid label must|Invalid value|invalid label/,
    );
    api.namespaces.put(shop);
    api.namespaces.put({ metadata: { name: 'bank', labels: { team: 'b' } } });
    expect(await kubectl('get', 'namespaces', '-o', 'name')).toBe('namespace/bank\nnamespace/shop');
    expect(await kubectl('get', 'ns', '-l', disarmLabel, '-o', 'name')).toBe('namespace/shop');
    expect(await kubectl('get', 'ns', '-l', `${disarmLabel}=${seconds}`, '-o', 'name')).toBe(
      'namespace/shop',
    );
    expect(await kubectl('get', 'ns', '-l', `!${disarmLabel}`, '-o', 'name')).toBe('namespace/bank');

    const args = ['get', 'ns', '-l', disarmLabel, '-w', '--output-watch-events', '-o', 'json'];
    const child = spawn('kubectl', args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    const seen = async (found: string): Promise<void> => {
      while (!text.includes(found)) text += (await once(child.stdout, 'data'))[0];
    };
    const from = api.namespaceWatches.size;
    while (api.namespaceWatches.size === from) await sleep(20);
    api.namespaces.put({ metadata: { name: 'shop', labels: {} } });
    await seen('"DELETED"');
    api.namespaces.put({ metadata: { name: 'bank', labels: { [disarmLabel]: seconds } } });
    await seen('"bank"');
    child.kill();
    await once(child, 'close');
    for (const name of ['shop', 'bank']) api.namespaces.remove(undefined, name);
  });

  it('agree about who asks and what he may', async () => {
    expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe(
      'system:serviceaccount:whorl-system:reader',
    );
    expect(await kubectl('auth', 'can-i', 'watch', 'pods', '-A')).toBe('yes');
    expect(await kubectl('auth', 'can-i', 'watch', 'namespaces')).toBe('yes');
    await expect(kubectl('auth', 'can-i', 'get', 'namespaces')).rejects.toMatchObject({ stdout: 'no\n' });
    await expect(kubectl('auth', 'can-i', 'delete', 'pods', '-A')).rejects.toMatchObject({ stdout: 'no\n' });
    await expect(kubectl('get', 'secrets', '-A')).rejects.toThrow(/doesn't have a resource type|forbidden/);
    await expect(kubectl('--token', 'x', 'get', 'pods')).rejects.toThrow(/Unauthorized|must be logged in/);
  });
});

describe('a pod on a real containerd', () => {
  let containerd: Containerd;
  let kubelet: Kubelet;
  let image: OciImage;
  const uid = crypto.randomUUID();
  const name = { name: 'cart-7d9f8b6c5-x2x4z', namespace: 'shop', uid };

  beforeAll(async () => {
    const pause = buildImage('pause', 'reg.local/pause:3.9');
    image = buildImage('cart', 'reg.local/shop/cart:v1');
    containerd = await Containerd.start(pause.name);
    for (const one of [pause, image]) {
      containerd.load(one);
      // Without such a name the CRI knows no digest of it.
      containerd.ctr('image', 'tag', one.name, `${one.name.replace(/:[^:]*$/, '')}@${one.digest}`);
    }
    kubelet = new Kubelet(containerd.socket);
  });
  afterAll(async () => {
    await kubelet.close();
    await containerd.close();
    removePodCgroups(uid);
  });

  it('is the same by the CRI and by containerd’s own API', async () => {
    const pod = { ...name, uid: crypto.randomUUID() };
    const sandbox = await kubelet.pod(pod);
    const { id, cgroupPath } = await kubelet.start(sandbox, { name: 'cart', image: image.name });
    const [cri, own] = [
      criRuntime({ socket: containerd.socket }),
      containerdRuntime({ socket: containerd.socket }),
    ];
    const first = { pid: 1, start: 0 };
    const byCri = await cri.identify(cgroupPath, first);
    expect(byCri).toMatchObject({
      id,
      digest: image.digest,
      image: 'reg.local/shop/cart:v1',
      name: 'cart',
      pod: name.name,
      podUid: pod.uid,
      namespace: 'shop',
      command: ['/bin/cart'],
    });
    // Layers of the other images of the pod only containerd itself knows; the other names of the image only the CRI.
    const { podImages, ...byOwn } = (await own.identify(cgroupPath, first)) ?? { id: '' };
    expect({ ...byOwn, image: repository(byOwn.image), alsoCalled: byCri?.alsoCalled }).toEqual({
      ...byCri,
      image: repository(byCri?.image),
    });
    expect(podImages).toHaveLength(1);
    expect(await cri.identify(cgroupPath.replace(id, 'ab'.repeat(32)), first)).toBeUndefined();
    expect(await own.identify(cgroupPath.replace(id, sandbox), first)).toMatchObject({
      name: 'POD',
      podUid: pod.uid,
    });
    await cri.kill(id);
    // It takes away what it stopped.
    for (let i = 0; i < 100 && containerd.task(id)?.status === 'RUNNING'; i += 1) await sleep(50);
    expect(containerd.task(id)?.status).not.toBe('RUNNING');
    cri.close();
    own.close();
    await kubelet.remove(sandbox);
    removePodCgroups(pod.uid);
  });

  it('is its deployment’s, with an init container and a probe, from the first message on', async () => {
    api.let(serviceAccount('whorl-system', 'whorl-agent', agentRules));
    const dataDir = join(dir, 'data');
    const agent = await NodeAgent.start({
      dataDir,
      node: 'node-1',
      containerdSocket: containerd.socket,
      dockerSocket: '',
      kubernetesApi: api.address,
      kubernetesToken: api.tokenFile,
      kubernetesCa: api.caFile,
      canarySeconds: 0,
      sweepSeconds: 0,
    });
    await agent.told('the Kubernetes API', (line) => line.type === 'kubernetes' && line.state === 'reached');

    api.pods.put(cartPod(uid));
    const sandbox = await kubelet.pod(name);
    await kubelet.start(sandbox, { name: 'prepare', image: image.name, args: ['prepare'] });
    const cart = await kubelet.start(sandbox, { name: 'cart', image: image.name });
    expect(await kubelet.exec(cart.id, ['/bin/cart', 'check'])).toBe(0);
    for (const container of ['prepare', 'cart'])
      await agent.told(
        container,
        (line) => line.type === 'instance' && line.workload.container === container,
      );
    const isLearned = (line: AgentLine): boolean =>
      line.type === 'novelty-count' && line.workload.container === 'cart' && line.behaviours >= 4;
    // As often as kubelet would, until it was seen: a busy machine may let single acts go.
    const told = agent.told('what the cart does', isLearned);
    for (let isTold = false; !isTold; ) {
      expect(await kubelet.exec(cart.id, ['/bin/cart', 'check'])).toBe(0);
      isTold = await Promise.race([told.then(() => true), sleep(500, false)]);
    }
    const status = await run(process.execPath, ['cli/main.ts', 'doctor', '--data-dir', dataDir]).catch(
      (e) => e,
    );
    expect(status.stdout).toMatch(/^ok +the Kubernetes API tells of 1 pod$/m);
    const until = Math.floor(Date.now() / 1000) + 3_600;
    api.namespaces.put({ metadata: { name: 'shop', labels: { [disarmLabel]: String(until) } } });
    await agent.told(
      'the label',
      (line) => line.type === 'disarm-in-force' && line.until === until * 1_000_000,
    );
    const shown = await run(process.execPath, ['cli/main.ts', 'status', '--data-dir', dataDir]).catch(
      (e) => e,
    );
    expect(shown.stdout).toMatch(
      /^DISARMED +nothing new is stopped: disarmed in namespace shop by its label/m,
    );
    api.namespaces.put({ metadata: { name: 'shop', labels: {} } });
    await agent.told('its end', (line) => line.type === 'disarm-ended');
    await agent.stop();

    const all = await spooled(join(dataDir, 'agent', 'spool'));
    const reports = all.filter((r) => 'workload' in r && r.workload.namespace === 'shop');
    const started = reports.filter((r) => r.type === 'instance' && r.state !== 'exited');
    expect(
      started
        .map((r) => r.type === 'instance' && [r.workload.owner, r.workload.container, r.workload.role])
        .sort(),
    ).toEqual([
      ['Deployment/cart', 'POD', 'main'],
      ['Deployment/cart', 'cart', 'main'],
      ['Deployment/cart', 'prepare', 'init'],
    ]);
    expect(started.every((r) => r.type === 'instance' && r.instance.pod === name.name)).toBe(true);
    const ofCart = reports.flatMap((r) =>
      r.type === 'novelty' && r.workload.container === 'cart' ? [r.behaviour] : [],
    );
    expect(ofCart.map((b) => `${b.root} ${b.kind}`).sort()).toEqual([
      'entrypoint exec',
      'entrypoint open',
      'probe exec',
      'probe open',
    ]);
    expect(ofCart.find((b) => b.root === 'probe' && b.kind === 'exec')).toMatchObject({
      args: ['/bin/cart', 'check'],
    });
    // Nobody is told of under another name first, and a probe is nobody who enters.
    const incidents = all.flatMap((r) => (r.type === 'incident' ? [r.incident] : []));
    expect(incidents.filter(({ workload }) => workload.namespace === 'shop')).toEqual([]);
    expect(agent.lines.since(0).at(-1)).toMatchObject({ type: 'stopped' });
  });

  function buildImage(program: string, imageName: string): OciImage {
    const root = join(dir, program);
    for (const below of ['bin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp'])
      mkdirSync(join(root, below), { recursive: true });
    for (const file of ['cart.conf', 'check.conf']) writeFileSync(join(root, 'etc', file), 'x\n');
    const source = new URL(`../fixtures/kubernetes/${program}.c`, import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-static', '-s', '-o', join(root, 'bin', program), source]);
    return ociImage(root, join(dir, `${program}.tar`), { name: imageName, entrypoint: [`/bin/${program}`] });
  }
});

/** Each node of Kubernetes spells an image its own way: with or without the digest by which it was asked for. */
function repository(image: string | undefined): string | undefined {
  return image?.replace(/[:@].*$/, '');
}

async function spooled(folder: string): Promise<readonly Report[]> {
  const spool = await SegmentSpool.open({ dir: folder });
  const records = await spool.after(0, 10_000);
  await spool.close();
  return records.map(({ record }) => parseReport(parseJson(record)));
}

/** runc removes a container's cgroups, kubelet those of the pod above them. */
function removePodCgroups(uid: string): void {
  const root = '/sys/fs/cgroup';
  const mounts = ['', ...readdirSync(root)].map((below) => join(root, below));
  for (const mount of mounts)
    for (const below of [`kubepods/besteffort/pod${uid}`, 'kubepods/besteffort', 'kubepods'])
      try {
        rmdirSync(join(mount, below));
      } catch {
        // Not there, or in use by others.
      }
}
