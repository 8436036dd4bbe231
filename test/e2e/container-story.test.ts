import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLine } from '../../cli/agent-line.ts';
import type { CollectorLine } from '../../cli/collector-line.ts';
import { ask } from '../../cli/control-client.ts';
import { LineLog } from '../../cli/demo/line-log.ts';
import { type LocalStack, startStack } from '../../cli/local-stack.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { BehaviourKind } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { ContainerService } from './support/container-service.ts';
import { Containerd, type Task } from './support/containerd.ts';
import type { OciImage } from './support/oci-image.ts';
import { orWhatWasSaid } from './support/or-what-was-said.ts';
import { sensorBinary } from './support/sensor-rig.ts';
import { TraceeOfThisNode } from './support/tracee-of-this-node.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const whorl = (...args: string[]): string =>
  execFileSync(process.execPath, [main, ...args], { encoding: 'utf8' });

/**
 * Puts a file into the container's upper layer from outside. Through the service's own upload hole it would be file
 * drift of a known program first, and the service held before it could run anything.
 */
function drop(copy: Task, path: string, bytes: Buffer): void {
  writeFileSync(`/proc/${copy.pid}/root${path}`, bytes, { mode: 0o755 });
}

/** As Kubernetes' runtimes call them, which alone tells other people's sources that it is a container. */
function idOf(source: string, n: number): string {
  return sha256Hex(new TextEncoder().encode(`${source} ${process.pid} ${n}`));
}

describe.each(['sensor', 'tracee'])('the story of a container, through %s', (source) => {
  const signal = AbortSignal.timeout(170_000);
  const agentLines = new LineLog<AgentLine>();
  const collectorLines = new LineLog<CollectorLine>();
  let dir: string;
  let containerd: Containerd;
  let service: ContainerService;
  let image: OciImage;
  let stack: LocalStack;
  let copies: Task[];
  let tracee: TraceeOfThisNode | undefined;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'whorl-story-'));
    if (source === 'tracee') tracee = await TraceeOfThisNode.listen(join(dir, 't.sock'));
    service = new ContainerService();
    containerd = await Containerd.start();
    image = service.image('reg.local/shop/cart:v1');
    containerd.load(image);
    stack = await startStack({
      dataDir: join(dir, 'state'),
      env: process.env,
      agent: {
        source,
        ...(source === 'sensor'
          ? { sensor: await sensorBinary() }
          : { sourceAddress: `unix:${join(dir, 't.sock')}` }),
        containerdSocket: containerd.socket,
        trustPolicy: join(dir, 'policy.json'),
        node: 'test',
        supportSeconds: 1,
        heartbeatSeconds: 1,
        logLevel: 'warn',
      },
      collector: {
        listen: '127.0.0.1:0',
        thresholds: 'demo',
        readinessSeconds: 1,
        mode: 'alert',
        killScope: 'container',
        nodeShare: 1,
        ownerShare: 1,
        logLevel: 'warn',
      },
      onAgentLine: (line) => agentLines.add(line),
      onCollectorLine: (line) => collectorLines.add(line),
    });
    await agentLines.wait('the agent watches', (line) => line.type === 'agent-ready' || undefined, {
      signal,
    });
    copies = [];
    for (const n of [1, 2, 3]) copies.push(await containerd.run(image, idOf(source, n)));
  });

  afterAll(async () => {
    await stack?.stop();
    await tracee?.close();
    await containerd?.close();
    service?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The incident of a copy after `from` in which `kind` shows, and what became of the kill. */
  async function stopped(copy: Task, kind: BehaviourKind, from: number) {
    const incident = await collectorLines.wait(
      'an incident',
      (line): Incident | undefined =>
        line.type === 'incident' &&
        line.incident.instance.id === copy.id &&
        line.incident.kinds.includes(kind)
          ? line.incident
          : undefined,
      { from, signal },
    );
    const receipt = await collectorLines.wait(
      'a receipt',
      (line) => {
        if (line.type !== 'receipt' || line.receipt.incident !== incident.id) return undefined;
        return line.receipt.action === 'kill' ? line.receipt : undefined;
      },
      { from, signal },
    );
    return { incident, receipt };
  }

  it('is learned under the digest of its image until learning is complete', async () => {
    for (const copy of copies) expect(await service.answers(copy)).toBe(true);
    const complete = collectorLines.wait(
      'learning is complete',
      (line) => (line.type === 'readiness' && line.phases.includes('start') ? line : undefined),
      { signal, timeoutMs: 60_000 },
    );
    const learned = await orWhatWasSaid(complete, collectorLines, 0);
    expect(learned.workload.subject.digest).toBe(image.digest);
    expect(learned.workload.subject.name).toBe('reg.local/shop/cart');

    whorl('keygen', '--out', join(dir, 'owner'), '--no-passphrase');
    const allow = [
      '--signer',
      join(dir, 'owner.pub'),
      '--image',
      learned.workload.subject.name,
      '--max-mode',
      'kill',
    ];
    whorl(
      'trust',
      'init',
      ...allow,
      '--command-key',
      stack.ready.commandKeyFile,
      '--out',
      join(dir, 'policy.json'),
    );
    const control = stack.ready.controlSocket;
    const baseline = await ask(control, 'collector', {
      method: 'GET',
      path: `/api/v1/baselines/${learned.hash}`,
    });
    writeFileSync(join(dir, 'baseline.json'), JSON.stringify(baseline));
    const by = ['--key', join(dir, 'owner.key'), '--push', '--data-dir', join(dir, 'state')];
    const envelope = join(dir, 'cart.intoto.json');
    whorl('sign', join(dir, 'baseline.json'), ...by, '--out', envelope);
    const inForce = await agentLines.wait(
      'the fingerprint is in force',
      (line) => (line.type === 'fingerprint-in-force' ? line : undefined),
      { signal },
    );
    // A signature alone stops nothing, whatever the rule allows.
    expect(inForce).toMatchObject({ subject: { digest: image.digest }, maxMode: 'alert' });
    const decision = ['--trust', join(dir, 'policy.json'), '--mode', 'kill', '--reason', 'OPS-21'];
    whorl('approve', envelope, ...decision, ...by, '--out', join(dir, 'cart.approval.json'));
    await ask(control, 'collector', {
      method: 'POST',
      path: '/api/v1/policy/mode',
      body: { mode: 'kill', reason: 'test' },
      headers: { 'if-match': '*' },
    });
    const approved = await agentLines.wait(
      'the approval is in force',
      (line) => (line.type === 'approval-in-force' ? line : undefined),
      { signal },
    );
    expect(approved).toMatchObject({ items: [{ subject: { digest: image.digest }, mode: 'kill' }] });
  });

  it('goes on without drift as long as it does what it did', async () => {
    const from = collectorLines.end;
    for (const copy of copies) expect(await service.answers(copy)).toBe(true);
    const incidents = collectorLines.since(from).filter((line) => line.type === 'incident');
    expect(incidents).toEqual([]);
  });

  it('is stopped when it executes a file that was dropped, and its neighbours are not', async () => {
    const [copy, neighbour] = [copies[0]!, copies[1]!];
    const from = collectorLines.end;
    drop(copy, '/tmp/dropped', service.dropped);
    await service.ask(copy, 'RUN /tmp/dropped');
    const { incident, receipt } = await stopped(copy, 'exec', from);
    expect(receipt).toMatchObject({ result: 'done' });
    await containerd.until(copy.id, 'STOPPED');
    expect(incident.drifts[0]).toMatchObject({
      kind: 'exec',
      subject: expect.stringContaining('/tmp/dropped'),
      origin: 'upper',
    });
    expect(incident.workload.subject.digest).toBe(image.digest);
    expect(await service.answers(neighbour)).toBe(true);
  });

  it('is stopped when it loads a library that was dropped', async () => {
    const [copy, neighbour] = [copies[1]!, copies[2]!];
    const from = collectorLines.end;
    drop(copy, '/tmp/implant.so', service.implant);
    await service.ask(copy, 'LOAD /tmp/implant.so');
    const { incident, receipt } = await stopped(copy, 'load', from);
    expect(incident.drifts[0]).toMatchObject({ kind: 'load', subject: '/tmp/implant.so', origin: 'upper' });
    expect(receipt).toMatchObject({ result: 'done' });
    await containerd.until(copy.id, 'STOPPED');
    expect(await service.answers(neighbour)).toBe(true);
  });
});
