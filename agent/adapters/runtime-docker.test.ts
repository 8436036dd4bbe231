import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { candidate } from './docker/container-id.ts';
import { dockerRuntime } from './runtime-docker.ts';

const id = 'ab'.repeat(32);
const digest = `sha256:${'cd'.repeat(32)}`;
const process = { pid: 1, start: 0 };

describe('the container of a cgroup', () => {
  it.each<[string, ReturnType<typeof candidate>]>([
    [`/docker/${id}`, { id, isDocker: true }],
    [`/docker/${id}/docker/${'ef'.repeat(32)}`, { id, isDocker: true }],
    [`/system.slice/docker-${id}.scope`, { id, isDocker: true }],
    [`/system.slice/docker-${id}.scope/init`, { id, isDocker: true }],
    [`/system.slice:docker:${id}`, { id, isDocker: true }],
    [`/kubepods/burstable/pod1/${id}`, { id, isDocker: false }],
    [`/custom-parent/${id}`, { id, isDocker: false }],
    [`/system.slice/crio-${id}.scope`, undefined],
    ['/docker/buildx', undefined],
    ['/', undefined],
  ])('%s', (path, expected) => expect(candidate(path)).toEqual(expected));
});

/** Answers as Docker 20.10 and 28 do, of what is asked about here; the rest of their answers is left out. */
const answers: Readonly<Record<string, unknown>> = {
  [`/containers/${id}/json`]: {
    Id: id,
    Name: '/shop-cart-1',
    Image: digest,
    Path: 'docker-entrypoint.sh',
    Args: ['serve'],
    Config: {
      Hostname: 'abababababab',
      Image: 'registry.example/shop/cart:1.4',
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['serve'],
      Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://localhost/'], Interval: 30000000000 },
      Labels: {
        'com.docker.compose.service': 'cart',
        maintainer: 'x',
        'whorl.dev/probes': '[["/bin/sh"]]',
        'whorl.dev/role': 'init',
      },
    },
  },
  [`/images/${encodeURIComponent(digest)}/json`]: {
    Id: digest,
    RepoTags: ['registry.example/shop/cart:1.4', 'cart:dev', '<none>:<none>'],
    RepoDigests: [`registry.example/shop/cart@sha256:${'12'.repeat(32)}`],
    Config: { Labels: { maintainer: 'x', 'whorl.dev/probes': '[["/bin/sh"]]' } },
  },
  [`/containers/${'01'.repeat(32)}/json`]: {
    Image: digest,
    Path: 'a',
    Args: [],
    Config: { Image: digest, Labels: null },
  },
  [`/containers/${'02'.repeat(32)}/json`]: {
    Image: `sha256:${'99'.repeat(32)}`,
    Path: 'a',
    Args: [],
    Config: { Image: 'gone:1', Labels: { 'whorl.dev/role': 'init' } },
  },
  [`/containers/${'03'.repeat(32)}/json`]: 'not what was asked for',
};

let dir: string;
let server: Server;
let socket: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-docker-'));
  socket = join(dir, 'docker.sock');
  server = createServer((request, response) => {
    const url = request.url ?? '';
    if (url.includes('04'.repeat(32))) return void response.writeHead(500).end('{}');
    if (url.includes('05'.repeat(32))) return undefined;
    const found = answers[url];
    response.writeHead(found === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(found ?? { message: 'No such thing' }));
    return undefined;
  }).listen(socket);
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});

const asked = (container: string, cgroup = '/docker') =>
  dockerRuntime({ socket, timeoutMs: 300 }).identify(`${cgroup}/${container}`, process);

describe('a container of Docker', () => {
  it('is what its inspection and its image say; what the image says of itself is not the site’s word', async () => {
    expect(await asked(id)).toEqual({
      id,
      image: 'registry.example/shop/cart:1.4',
      digest,
      alsoCalled: [
        'registry.example/shop/cart:1.4',
        'cart:dev',
        `registry.example/shop/cart@sha256:${'12'.repeat(32)}`,
      ],
      name: 'cart',
      role: 'init',
      probes: [['/bin/sh', '-c', 'curl -f http://localhost/']],
      command: ['docker-entrypoint.sh', 'serve'],
    });
  });

  it('that was started by an id is called what its image is called', async () => {
    expect(await asked('01'.repeat(32))).toMatchObject({ image: 'registry.example/shop/cart:1.4', digest });
  });

  it('keeps its digest when its image was removed, and is believed nothing an image could have said', async () => {
    expect(await asked('02'.repeat(32))).toEqual({
      id: '02'.repeat(32),
      image: 'gone:1',
      digest: `sha256:${'99'.repeat(32)}`,
      command: ['a'],
    });
  });

  it('that Docker does not know is somebody else’s', async () => {
    expect(await asked('ff'.repeat(32))).toBeUndefined();
    expect(await asked('03'.repeat(32))).toBeUndefined();
  });

  it('is asked for again when Docker fails, but only where nobody else can own it', async () => {
    await expect(asked('04'.repeat(32))).rejects.toThrow(/status 500/);
    await expect(asked('05'.repeat(32))).rejects.toThrow(/does not answer/);
    expect(await asked('04'.repeat(32), '/kubepods/pod1')).toBeUndefined();
  });

  it('is nobody’s where Docker does not run', async () => {
    const absent = dockerRuntime({ socket: join(dir, 'none.sock') });
    expect(await absent.identify(`/docker/${id}`, process)).toBeUndefined();
  });
});
