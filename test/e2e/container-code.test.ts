import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBytes } from '../../agent/adapters/code-bytes.ts';
import { type ContainerdRuntime, containerdRuntime } from '../../agent/adapters/runtime-containerd.ts';
import type { RunningContainer } from '../../agent/ports/containers.ts';
import type { Origin } from '../../fingerprint/event.ts';
import { ContainerService } from './support/container-service.ts';
import { Containerd } from './support/containerd.ts';
import { nowUs, refOf } from './support/enforce-world.ts';
import { ociImage } from './support/oci-image.ts';

const pod = ['--label', 'io.kubernetes.pod.uid=11111111-2222-3333-4444-555555555555'];
const id = (name: string): string => `whorl-code-${process.pid}-${name}`;
let containerd: Containerd;
let service: ContainerService;
let runtime: ContainerdRuntime;
let dir: string;
let shared: string;
let copy: { readonly pid: number; readonly cgroupPath: string };
let told: RunningContainer | undefined;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-code-'));
  shared = join(dir, 'shared');
  mkdirSync(shared);
  service = new ContainerService();
  containerd = await Containerd.start();
  runtime = containerdRuntime({ socket: containerd.socket });
  await bringTool();
  const probes = '[["/bin/service","--check"]]';
  const image = service.image('reg.local/shop/cart:v1');
  containerd.load(image);
  const mount = `type=bind,src=${shared},dst=/shared,options=rbind:rw`;
  copy = await containerd.run(
    image,
    id('main'),
    ['/bin/service', 'serve'],
    [...pod, '--label', `whorl.dev/probes=${probes}`, '--mount', mount],
  );
  expect(await service.answers(copy)).toBe(true);
  told = await runtime.identify(copy.cgroupPath, refOf(copy.pid));
});

afterAll(async () => {
  runtime?.close();
  await containerd?.close();
  service?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** An init container: it hands its tool over and is gone before the main one starts. */
async function bringTool(): Promise<void> {
  const root = join(dir, 'tool-root');
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin/tool'), service.dropped, { mode: 0o755 });
  const image = ociImage(root, join(dir, 'tool.tar'), {
    name: 'reg.local/shop/tool:v1',
    entrypoint: ['/bin/tool'],
    healthcheck: ['CMD-SHELL', 'tool --well'],
  });
  containerd.load(image);
  const tool = await containerd.run(image, id('init'), [], [...pod, '--label', 'whorl.dev/role=init']);
  expect(await runtime.identify(tool.cgroupPath, refOf(tool.pid))).toMatchObject({
    role: 'init',
    probes: [['/bin/sh', '-c', 'tool --well']],
    command: ['/bin/tool'],
  });
  copyFileSync(`/proc/${tool.pid}/root/bin/tool`, join(shared, 'tool'));
  containerd.ctr('task', 'kill', '-s', '9', id('init'));
  await containerd.until(id('init'), 'STOPPED');
}

const inside = (path: string): string => `/proc/${copy.pid}/root${path}`;

function look(path: string, origin: Origin, time = nowUs()): object | undefined {
  const question = { within: [refOf(copy.pid)], path, origin, time, podImages: told?.podImages ?? [] };
  return codeBytes({ now: nowUs }).of(question);
}

/** Longer than a tick of the file system's clock: what was changed is then older than what is asked of it. */
const settled = (): Promise<void> => sleep(30);

describe('a container of a pod', () => {
  it('is told with its command, what may enter it, and the images beside it', () => {
    expect(told).toMatchObject({ command: ['/bin/service', 'serve'], probes: [['/bin/service', '--check']] });
    expect(told?.podImages).toHaveLength(1);
  });
});

describe('code that lies in the upper layer', () => {
  it("is the image's after a change of mode, owner or time", async () => {
    chmodSync(inside('/bin/service'), 0o750);
    chownSync(inside('/bin/service'), 0, 1);
    utimesSync(inside('/bin/service'), 1, 1);
    await settled();
    expect(look('/bin/service', 'upper')).toEqual({ origin: 'image' });
  });

  it('is not, when the change is younger than the act: it may have been put back', async () => {
    await settled();
    const act = nowUs();
    await settled();
    chmodSync(inside('/bin/service'), 0o755);
    expect(look('/bin/service', 'upper', act)).toBeUndefined();
    await settled();
    expect(look('/bin/service', 'upper')).toEqual({ origin: 'image' });
  });

  it('is not, when its directory was put there since', async () => {
    mkdirSync(inside('/srv2'));
    copyFileSync(inside('/srv/page'), inside('/srv2/page'));
    await settled();
    const act = nowUs();
    await settled();
    rmSync(inside('/srv'), { recursive: true });
    renameSync(inside('/srv2'), inside('/srv'));
    expect(look('/srv/page', 'upper', act)).toBeUndefined();
    await settled();
    expect(look('/srv/page', 'upper')).toEqual({ origin: 'image' });
  });

  it('is not, when one byte differs', async () => {
    const bytes = readFileSync(inside('/srv/page'));
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    writeFileSync(inside('/srv/page'), bytes);
    await settled();
    expect(look('/srv/page', 'upper')).toBeUndefined();
  });

  it('is not, when the image has no such file', async () => {
    copyFileSync(inside('/bin/service'), inside('/bin/another'));
    await settled();
    expect(look('/bin/another', 'upper')).toBeUndefined();
  });
});

describe('code of another image of the pod', () => {
  it('is carried, with the digest it can be approved by', async () => {
    await settled();
    expect(look('/shared/tool', 'volume')).toEqual({
      origin: 'carried',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('is carried into the upper layer too', async () => {
    writeFileSync(inside('/srv/tool'), service.dropped);
    await settled();
    expect(look('/srv/tool', 'upper')).toMatchObject({ origin: 'carried' });
  });

  it("is a volume's when anything was changed, or nobody brought it", async () => {
    writeFileSync(join(shared, 'other-tool'), service.dropped);
    writeFileSync(join(shared, 'service'), Buffer.concat([service.dropped, Buffer.from('!')]));
    await settled();
    expect(look('/shared/other-tool', 'volume')).toBeUndefined();
    expect(look('/shared/service', 'volume')).toBeUndefined();
  });
});
