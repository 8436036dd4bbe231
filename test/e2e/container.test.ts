import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCgroupEnforcer } from '../../agent/adapters/enforce-cgroup.ts';
import { cgroupFs } from '../../agent/adapters/linux/cgroup-fs.ts';
import { readStat } from '../../agent/adapters/linux/process-proc.ts';
import { type ContainerdRuntime, containerdRuntime } from '../../agent/adapters/runtime-containerd.ts';
import { ContainerService } from './support/container-service.ts';
import { Containerd } from './support/containerd.ts';
import { alive, mount, nowUs, refOf, stopRequest } from './support/enforce-world.ts';

let containerd: Containerd;
let service: ContainerService;
let runtime: ContainerdRuntime;
let dataDir: string;

beforeAll(async () => {
  service = new ContainerService();
  containerd = await Containerd.start();
  runtime = containerdRuntime({ socket: containerd.socket });
  dataDir = mkdtempSync(join(tmpdir(), 'whorl-container-'));
});
afterAll(async () => {
  runtime.close();
  await containerd.close();
  service.close();
  rmSync(dataDir, { recursive: true });
});

let copies = 0;
async function start(image = service.image('reg.local/shop/cart:v1')) {
  containerd.load(image);
  copies += 1;
  const task = await containerd.run(image, `whorl-test-${process.pid}-${copies}`);
  expect(await service.answers(task), `${task.id} is ${containerd.task(task.id)?.status}`).toBe(true);
  return { ...task, image };
}

describe('a real container', () => {
  it('is named by its image, whose digest is the manifest that was made here', async () => {
    const copy = await start();
    const ref = await runtime.identify(copy.cgroupPath, refOf(copy.pid));
    expect(ref).toEqual({
      id: copy.id,
      image: 'reg.local/shop/cart:v1',
      digest: copy.image.digest,
      command: ['/bin/service'],
    });
    expect(await runtime.identify(`${copy.cgroupPath}/nested`, refOf(copy.pid))).toEqual(ref);
  });

  it('is named by the manifest of this platform when its image has several', async () => {
    const copy = await start(service.image('reg.local/shop/multi:v1', true));
    expect(await runtime.identify(copy.cgroupPath, refOf(copy.pid))).toMatchObject({
      digest: copy.image.digest,
    });
  });

  it.each(['/k8s.io/nobody', '/system.slice/cron.service', `/kubepods/${'ab'.repeat(32)}`, '/'])(
    'is not found in %s',
    async (path) => expect(await runtime.identify(path, refOf(process.pid))).toBeUndefined(),
  );

  it('loses a dropped program to a hold and goes on serving; then to a kill, and goes on serving', async () => {
    const copy = await start();
    const enforcer = await openCgroupEnforcer({ dataDir, now: nowUs });
    expect(await service.upload(copy, '/tmp/dropped', service.dropped)).toBe('stored');
    expect(Number(await service.ask(copy, 'RUN /tmp/dropped'))).toBeGreaterThan(0);
    const dropped = await inside(copy.cgroupPath, 'dropped');
    const request = stopRequest(copy.cgroupPath, 'hold', dropped);
    expect(await enforcer.act(request)).toMatchObject({ result: 'done', stopped: [dropped.pid] });
    expect(await service.answers(copy)).toBe(true);
    expect(await enforcer.act({ ...request, action: 'kill-subtree' })).toMatchObject({ result: 'done' });
    expect(alive(dropped.pid)).toBe(false);
    expect(await service.answers(copy)).toBe(true);
    expect(containerd.task(copy.id)?.status).toBe('RUNNING');
    enforcer.close();
  });

  it('is frozen as a whole and thawed', async () => {
    const copy = await start();
    const enforcer = await openCgroupEnforcer({ dataDir, now: nowUs });
    expect(await enforcer.act(stopRequest(copy.cgroupPath, 'freeze', refOf(copy.pid)))).toMatchObject({
      result: 'done',
    });
    expect(cgroupFs(mount).state(copy.cgroupPath).frozen).toBe(true);
    await enforcer.resume('all');
    expect(await service.answers(copy)).toBe(true);
    enforcer.close();
  });

  it('is reported stopped by its runtime after a kill, also from within a hold', async () => {
    const copy = await start();
    const enforcer = await openCgroupEnforcer({ dataDir, now: nowUs, runtimeKill: runtime.kill });
    await service.upload(copy, '/tmp/dropped', service.dropped);
    await service.ask(copy, 'RUN /tmp/dropped');
    const dropped = await inside(copy.cgroupPath, 'dropped');
    await enforcer.act(stopRequest(copy.cgroupPath, 'hold', dropped));
    const result = await enforcer.act(stopRequest(copy.cgroupPath, 'kill', dropped));
    expect(result).toMatchObject({ result: 'done', action: 'kill' });
    expect([...result.stopped].sort()).toEqual([copy.pid, dropped.pid].sort());
    await containerd.until(copy.id, 'STOPPED');
    containerd.ctr('task', 'delete', copy.id);
    expect(cgroupFs(mount).exists(copy.cgroupPath)).toBe(false);
    enforcer.close();
  });

  it('is ended by its runtime when asked', async () => {
    const copy = await start();
    await runtime.kill(copy.id);
    await containerd.until(copy.id, 'STOPPED');
  });

  it('loads a dropped library, of which a copy is kept as evidence', async () => {
    const copy = await start();
    const enforcer = await openCgroupEnforcer({ dataDir, now: nowUs });
    await service.upload(copy, '/tmp/implant.so', service.implant);
    expect(await service.ask(copy, 'LOAD /tmp/implant.so')).toBe('loaded');
    const request = stopRequest(copy.cgroupPath, 'kill-subtree', refOf(copy.pid));
    const drifts = request.incident.drifts.map((d) => ({
      ...d,
      kind: 'load' as const,
      subject: '/tmp/implant.so',
    }));
    const result = await enforcer.act({ ...request, incident: { ...request.incident, drifts } });
    expect(result.result).toBe('done');
    const evidence = JSON.parse(readFileSync(result.evidence ?? '', 'utf8'));
    expect(evidence.libraries).toMatchObject([{ path: '/tmp/implant.so' }]);
    expect(readFileSync(evidence.libraries[0].copy).equals(service.implant)).toBe(true);
    await containerd.until(copy.id, 'STOPPED');
    enforcer.close();
  });
});

describe('a containerd that is not there', () => {
  it('claims nothing', async () => {
    const absent = containerdRuntime({ socket: join(dataDir, 'none.sock') });
    expect(await absent.identify(`/kubepods/${'ab'.repeat(32)}`, refOf(process.pid))).toBeUndefined();
    absent.close();
  });
});

/** The process of that name in the container, by its pid on the host. */
async function inside(cgroupPath: string, comm: string) {
  for (let i = 0; i < 200; i += 1) {
    const pid = cgroupFs(mount)
      .procsBelow(cgroupPath)
      .find((one) => readStat(one)?.comm === comm);
    if (pid !== undefined) return refOf(pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`no ${comm} in ${cgroupPath}`);
}
