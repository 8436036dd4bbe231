import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildProbe, Group, makeFolder, removeFolder, Watch, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`sensor tests skipped: ${why}`);

describe.skipIf(why !== undefined)('the sensor sees the effect, whatever call it came by', () => {
  let dir: string;
  let probe: string;
  let watch: Watch;
  let group: Group;

  beforeAll(async () => {
    dir = await makeFolder();
    probe = await buildProbe(dir);
    watch = await Watch.start();
    group = await Group.make('effects');
    await writeFile(join(dir, 'secret'), 'x');
  });
  afterAll(async () => {
    await watch?.stop();
    await group?.remove();
    await removeFolder(dir);
  });

  async function act(...args: string[]) {
    const ran = await group.run(probe, args);
    expect(ran.code).toBe(0);
    await watch.ended(ran.pid);
    return { ...ran, by: watch.events.filter((e) => e.process.pid === ran.pid) };
  }

  it('an open through int 0x80, and that it came that way', async () => {
    const { by } = await act('int80-open', join(dir, 'secret'));
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'open', path: join(dir, 'secret'), access: 'read' }),
    );
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'privilege', privilege: 'compat-syscall', detail: 'i386 5' }),
    );
  });

  it.each(['uring-open', 'uring-open-fixed', 'uring-open-worker'])(
    'an open through io_uring: %s',
    async (mode) => {
      const { by } = await act(mode, join(dir, 'secret'));
      expect(by).toContainEqual(
        expect.objectContaining({ kind: 'open', path: join(dir, 'secret'), access: 'read', via: 'io_uring' }),
      );
      expect(by).toContainEqual(expect.objectContaining({ kind: 'privilege', privilege: 'io-uring' }));
    },
  );

  it.each([
    ['fastopen', 'fastopen'],
    ['uring-connect', 'io_uring'],
  ])('a TCP connection without connect(): %s', async (mode, via) => {
    const { by, stdout } = await act(mode);
    const peer = { transport: 'tcp', address: '127.0.0.1', port: Number(stdout) };
    expect(by).toContainEqual(expect.objectContaining({ kind: 'listen', ...peer }));
    expect(by).toContainEqual(expect.objectContaining({ kind: 'connect', ...peer, via }));
  });

  it('a program in memory, its origin and the loader hook it was given', async () => {
    const { by } = await act('memfd-exec');
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'privilege', privilege: 'memfd', detail: 'payload' }),
    );
    const execs = by.filter((e) => e.kind === 'exec');
    expect(execs.at(-1)).toMatchObject({
      exe: '/memfd:payload',
      origin: 'memory',
      args: ['innocent', 'nothing'],
      env: ['LD_PRELOAD'],
    });
  });

  it('tracing, also refused', async () => {
    const { pid } = await act('ptrace');
    const all = watch.of('privilege', group.id).filter((e) => e.process.pid === pid || e.parent?.pid === pid);
    expect(all.map((e) => [e.detail, e.error])).toEqual([
      ['traceme', undefined],
      ['seize', undefined],
      ['attach', 3],
    ]);
  });

  it('new namespaces', async () => {
    const { by } = await act('unshare');
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'privilege', privilege: 'unshare', detail: 'mnt,uts' }),
    );
  });

  it.each(['map', 'mprotect'])('a file mapped executable: %s', async (mode) => {
    const { by } = await act(mode, '/bin/true');
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'load', path: '/usr/bin/true', origin: 'image' }),
    );
  });

  it('the true path behind links and dots', async () => {
    await symlink(join(dir, 'secret'), join(dir, 'link'));
    const ran = await group.run('/bin/cat', ['link', `./../${dir.split('/').at(-1)}/secret`], {
      cwd: dir,
    });
    await watch.ended(ran.pid);
    const opened = watch
      .of('open', group.id)
      .filter((e) => e.process.pid === ran.pid && e.path === join(dir, 'secret'));
    expect(opened).toHaveLength(2);
  });

  it('a static binary that poses as the workload under chroot: its path from the true root', async () => {
    const jail = join(dir, 'jail');
    await mkdir(join(jail, 'usr/sbin'), { recursive: true });
    await copyFile(probe, join(jail, 'usr/sbin/nginx'));
    const { by } = await act('chroot-exec', jail, '/usr/sbin/nginx');
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'privilege', privilege: 'chroot', detail: jail }),
    );
    const exec = by.findLast((e) => e.kind === 'exec');
    expect(exec).toMatchObject({ exe: join(jail, 'usr/sbin/nginx'), origin: 'scratch' });
    expect(exec).not.toHaveProperty('file');
  });

  it('the layer each file comes from, in a container’s own mounts', async () => {
    const box = join(dir, 'box');
    for (const d of [
      'upper',
      'work',
      'merged',
      'volume',
      'lower/bin',
      'lower/tmp',
      'lower/volume',
      'lower/old',
    ])
      await mkdir(join(box, d), { recursive: true });
    await copyFile(probe, join(box, 'lower/bin/image'));
    await copyFile(probe, join(box, 'volume/carried'));
    // The temporary folder may itself lie on an overlay, which cannot be an upper layer.
    const { pid } = await act('container', box);
    const by = watch.events.filter((e) => e.process.pid === pid || e.parent?.pid === pid);
    const origins = (kind: 'exec' | 'load') =>
      by.flatMap((e) =>
        e.kind === kind && e.error === undefined
          ? [e.kind === 'exec' ? [e.exe, e.origin] : [e.path, e.origin]]
          : [],
      );
    expect(origins('exec').slice(-4)).toEqual([
      ['/bin/image', 'image'],
      ['/bin/dropped', 'upper'],
      ['/volume/carried', 'volume'],
      ['/tmp/dropped', 'scratch'],
    ]);
    expect(origins('load')).toEqual([
      ['/bin/dropped', 'upper'],
      ['/bin/image', 'image'],
    ]);
    expect(by).toContainEqual(
      expect.objectContaining({
        kind: 'privilege',
        privilege: 'mount',
        detail: `bind volume on ${box}/merged/volume`,
      }),
    );
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'open', path: '/bin/dropped', access: 'create', origin: 'upper' }),
    );
  });

  it('names that are too long to tell whole, as such', async () => {
    let deep = dir;
    for (let i = 0; i < 120; i++) deep = join(deep, 'd');
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'f'), '');
    const ran = await group.run('/bin/cat', [join(deep, 'f'), 'a'.repeat(5000)], { stderr: 'ignore' });
    await watch.ended(ran.pid);
    const by = watch.events.filter((e) => e.process.pid === ran.pid);
    expect(by.find((e) => e.kind === 'open' && e.path.endsWith('/d/f'))).toMatchObject({ truncated: true });
    expect(by.find((e) => e.kind === 'exec' && e.exe === '/usr/bin/cat')).toMatchObject({ truncated: true });
  });

  it('an attempt to execute that fails', async () => {
    const ran = await group.run(probe, ['exec', join(dir, 'not-there')]);
    await watch.ended(ran.pid);
    const by = watch.events.filter((e) => e.process.pid === ran.pid);
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'exec', exe: join(dir, 'not-there'), error: 2 }),
    );
  });

  it('files made, renamed, linked, changed and removed', async () => {
    const script =
      'mkdir sub && touch sub/a && mv sub/a sub/b && ln sub/b sub/c && ln -s b sub/d && chmod 700 sub/b && rm sub/c';
    const ran = await group.run('/bin/sh', ['-c', script], { cwd: dir });
    await watch.ended(ran.pid);
    const told = watch.events.filter((e) => e.cgroup === group.id && e.error === undefined);
    const sub = join(dir, 'sub');
    for (const what of [
      { kind: 'open', path: sub, access: 'create', via: 'mkdir' },
      { kind: 'open', path: join(sub, 'a'), access: 'create' },
      { kind: 'rename', path: join(sub, 'a'), to: join(sub, 'b') },
      { kind: 'link', path: join(sub, 'c'), target: join(sub, 'b'), symbolic: false },
      { kind: 'link', path: join(sub, 'd'), target: 'b', symbolic: true },
      { kind: 'open', path: join(sub, 'b'), access: 'write', via: 'chmod' },
      { kind: 'delete', path: join(sub, 'c') },
    ])
      expect(told).toContainEqual(expect.objectContaining(what));
  });

  it('cgroups made and removed, and who was moved', async () => {
    const other = await Group.make('moved');
    const { pid } = await other.run(probe, ['nothing']);
    await other.remove();
    const path = `/${other.path.split('/').at(-1)}`;
    await watch.until(
      () => watch.events.find((e) => e.kind === 'cgroup' && e.action === 'removed' && e.id === other.id),
      'removal',
    );
    expect(watch.events).toContainEqual(
      expect.objectContaining({ kind: 'cgroup', action: 'made', id: other.id, path }),
    );
    expect(watch.events.find((e) => e.kind === 'attach' && e.to === other.id)).toMatchObject({
      process: { pid },
      path,
    });
  });

  it('what was there before, with the start time that later events carry', async () => {
    const me = watch.events.find((e) => e.kind === 'exec' && e.found && e.process.pid === process.pid);
    expect(me).toMatchObject({
      kind: 'exec',
      exe: process.execPath,
      args: expect.arrayContaining([process.argv[1]]),
    });
    const ours = watch.events.find((e) => e.kind === 'fork' && e.process.pid === process.pid);
    expect(ours?.process).toEqual(me?.process);
  });

  it('peers by datagram and by unix socket, with the socket’s true path', async () => {
    const script = `
      const net = require('net'), dgram = require('dgram'), path = ${JSON.stringify(join(dir, 'sock'))};
      const server = net.createServer().listen(path, () => {
        process.chdir(${JSON.stringify(dir)});
        net.connect('./sock', () => {
          const u = dgram.createSocket('udp6');
          u.send('x', 9, '::1', () => net.connect('/not/there').on('error', () => process.exit(0)));
        });
      });`;
    const ran = await group.run(process.execPath, ['-e', script]);
    await watch.ended(ran.pid);
    const by = watch.events.filter((e) => e.process.pid === ran.pid);
    const sock = { transport: 'unix', address: join(dir, 'sock'), port: 0 };
    expect(by).toContainEqual(expect.objectContaining({ kind: 'listen', ...sock }));
    expect(by).toContainEqual(expect.objectContaining({ kind: 'connect', ...sock }));
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'connect', transport: 'udp', address: '::1', port: 9 }),
    );
    expect(by).toContainEqual(
      expect.objectContaining({ kind: 'connect', transport: 'unix', address: '/not/there', error: 2 }),
    );
  });

  it('questions and answers of DNS, by whatever call', async () => {
    const { by } = await act('dns');
    const asked = by.filter((e) => e.kind === 'resolve' && e.phase === 'question');
    const answered = by.filter((e) => e.kind === 'resolve' && e.phase === 'answer');
    const ids = [0x1000, 0x1001, 0x1002, 0x1003, 0x1010];
    expect(asked.map((e) => e.kind === 'resolve' && e.id)).toEqual(ids);
    expect(answered.map((e) => e.kind === 'resolve' && e.id)).toEqual(ids);
    const answers = [{ name: 'example.test', type: 'A', data: '10.1.2.3', ttl: 60 }];
    for (const e of answered)
      expect(e).toMatchObject({ name: 'example.test', type: 'A', server: '127.0.0.53', answers });
  });
});
