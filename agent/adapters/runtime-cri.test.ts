import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCriO } from '../../test/fakes/cri-o.ts';
import { type CriRuntime, criRuntime } from './runtime-cri.ts';

const id = 'ab'.repeat(32);
const manifest = `sha256:${'cd'.repeat(32)}`;
const config = `sha256:${'12'.repeat(32)}`;
const path = `/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`;
const process = { pid: 1, start: 0 };

let server: FakeCriO;
let runtime: CriRuntime;
beforeEach(async () => {
  server = new FakeCriO();
  await server.start();
  runtime = criRuntime({ socket: server.socket, timeoutMs: 1_000 });
  server.pods.set('s1', { name: 'cart-7d9f8b6c5-x2x4z', uid: 'u-1', namespace: 'shop', attempt: 0 });
  server.images.set(config, {
    id: config,
    repo_tags: ['registry.example/shop/cart:1.4'],
    repo_digests: [`registry.example/shop/cart@${manifest}`],
  });
  run({});
});
afterEach(() => {
  runtime.close();
  server.close();
});

function run(changes: object, info?: Readonly<Record<string, string>>): void {
  const told = {
    metadata: { name: 'cart', attempt: 0 },
    image: { image: 'registry.example/shop/cart:1.4' },
    image_ref: `registry.example/shop/cart@${manifest}`,
    image_id: config,
    labels: { 'io.kubernetes.container.name': 'cart' },
  };
  server.containers.set(id, {
    sandbox: 's1',
    status: { ...told, ...changes },
    ...(info === undefined ? {} : { info }),
  });
}

const identify = (cgroupPath = path) => runtime.identify(cgroupPath, process);

describe('a container of CRI-O', () => {
  it('is named by kubelet, and its image by the manifest', async () => {
    const info = { pid: 7, runtimeSpec: { process: { args: ['/bin/cart', 'serve'], env: ['SECRET=x'] } } };
    run({}, { info: JSON.stringify(info) });
    expect(await identify()).toEqual({
      id,
      image: 'registry.example/shop/cart:1.4',
      digest: manifest,
      alsoCalled: ['registry.example/shop/cart:1.4', `registry.example/shop/cart@${manifest}`],
      name: 'cart',
      namespace: 'shop',
      pod: 'cart-7d9f8b6c5-x2x4z',
      podUid: 'u-1',
      command: ['/bin/cart', 'serve'],
    });
    expect(await identify(`${path}/container`)).toMatchObject({ id, digest: manifest });
  });

  it.each<[string, object, string | undefined]>([
    ['by its own reference', {}, manifest],
    ['by what the image is called, when its reference is an id', { image_ref: config }, manifest],
    ['also without the field that Kubernetes 1.30 brought', { image_ref: config, image_id: '' }, manifest],
    [
      'not by the id of its configuration',
      { image_ref: 'x', image_id: 'x', image: { image: 'y' } },
      undefined,
    ],
  ])('has a digest %s', async (_name, changes, digest) => {
    run(changes);
    expect((await identify())?.digest).toBe(digest);
  });

  it('has the digest of its own repository, where several hold it', async () => {
    const other = `sha256:${'ee'.repeat(32)}`;
    const digests = [`a.example/copy@${other}`, `registry.example/shop/cart@${manifest}`];
    server.images.set(config, { id: config, repo_tags: [], repo_digests: digests });
    run({ image_ref: config });
    expect((await identify())?.digest).toBe(manifest);
    run({ image_ref: config, image: { image: config } });
    expect(await identify()).toMatchObject({ digest: other, image: 'a.example/copy' });
  });

  it('has probes and a role when the site labels it so', async () => {
    run({ labels: { 'whorl.dev/probes': '[["/bin/check"]]', 'whorl.dev/role': 'init' } });
    expect(await identify()).toMatchObject({ probes: [['/bin/check']], role: 'init', name: 'cart' });
  });

  it.each([['{'], ['[]'], ['{"runtimeSpec":{"process":{"args":[1]}}}'], ['{"runtimeSpec":"x"}']])(
    'has no command when the runtime tells %s',
    async (info) => {
      run({}, { info });
      expect((await identify())?.command).toBeUndefined();
    },
  );

  it('is stopped at once by its id, and nobody else is', async () => {
    await runtime.kill(id);
    await runtime.kill('ef'.repeat(32));
    expect(server.stopped).toEqual([id]);
  });
});

describe('who is not asked or does not answer', () => {
  it.each([
    '/system.slice/nginx.service',
    `/docker/x/docker-${id}.scope`,
    `/kubepods/pod1/${'ef'.repeat(32)}`,
  ])('knows nobody in %s', async (other) => expect(await identify(other)).toBeUndefined());

  it('claims nothing where there is no socket', async () => {
    const absent = criRuntime({ socket: join(server.socket, '../none.sock') });
    expect(await absent.identify(path, process)).toBeUndefined();
    await absent.kill(id);
    absent.close();
  });

  it.each<[string, number, string]>([
    ['is away', status.UNAVAILABLE, 'unavailable'],
    ['refuses', status.PERMISSION_DENIED, 'refused'],
    ['speaks something else', status.UNIMPLEMENTED, 'no-cri'],
    ['fails', status.INTERNAL, 'unexpected'],
  ])('is broken when it %s', async (_name, failure, code) => {
    server.failure = failure;
    await expect(identify()).rejects.toMatchObject({ name: 'CriError', code });
  });

  it('is broken when it does not answer in time', async () => {
    server.isSilent = true;
    const impatient = criRuntime({ socket: server.socket, timeoutMs: 50 });
    await expect(impatient.identify(path, process)).rejects.toMatchObject({ code: 'unavailable' });
    impatient.close();
  });

  it('is broken when nobody listens on the socket any more', async () => {
    const stale = join(server.socket, '../stale.sock');
    writeFileSync(stale, '');
    const left = criRuntime({ socket: stale, timeoutMs: 500 });
    await expect(left.identify(path, process)).rejects.toMatchObject({ code: 'unavailable' });
    left.close();
  });
});
