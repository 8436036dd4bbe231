import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Group, makeFolder, removeFolder, Watch, whyNoSensor } from './support/sensor-rig.ts';

function strace(): string | undefined {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'strace is not installed';
  }
}
const why = (await whyNoSensor()) ?? strace();
if (why !== undefined) console.log(`sensor witness test skipped: ${why}`);

/** A bit of everything that strace can read back exactly. */
const script = `
cat /etc/hostname ./link > copy
cat < copy >> copy2
ls / > /dev/null
sh -c 'cat ../*/copy2 > /dev/null'
true; env -i /bin/ls . > /dev/null
"$NODE" -e "const n=require('net');for(const p of [9,10]) n.connect(p,'127.0.0.1').on('error',()=>{})"
`;

/** What strace saw: the paths of descriptors as the kernel names them, not the strings passed. */
async function witness(log: string) {
  const execs = new Set<string>();
  const opens = new Set<string>();
  const connects = new Set<string>();
  const pids = new Set<number>();
  for (const line of (await readFile(log, 'utf8')).split('\n')) {
    pids.add(Number(line.split(' ')[0]));
    const exec = /execve\("([^"]+)".* = 0$/.exec(line)?.[1];
    if (exec !== undefined) execs.add(realpathSync(exec));
    const open = /(?:openat|open|creat)\(.* = \d+<(.+)>$/.exec(line)?.[1];
    if (open?.startsWith('/')) opens.add(open.replace(/<char .*/, ''));
    const peer = /connect\(.*sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)/.exec(line);
    if (peer !== null) connects.add(`${peer[2]}:${peer[1]}`);
  }
  return { execs, opens, connects, pids };
}

describe.skipIf(why !== undefined)('the sensor and strace, on the same run', () => {
  let dir: string;
  let watch: Watch;
  let group: Group;

  beforeAll(async () => {
    dir = await makeFolder();
    watch = await Watch.start();
    group = await Group.make('witness');
  });
  afterAll(async () => {
    await watch?.stop();
    await group?.remove();
    await removeFolder(dir);
  });

  it('name the same programs, files and peers', async () => {
    await writeFile(join(dir, 'target'), 'x\n');
    execFileSync('ln', ['-s', 'target', join(dir, 'link')]);
    const log = join(dir, 'strace.log');
    const options = ['-f', '-y', '-s', '4096', '-o', log, '-e', 'trace=execve,open,openat,creat,connect'];
    const cwd = join(dir, '.');
    const ran = await group.run(
      'strace',
      [...options, 'env', `NODE=${process.execPath}`, '/bin/sh', '-c', script],
      { cwd },
    );
    expect(ran.code).toBe(0);
    await watch.ended(ran.pid);

    const seen = await witness(log);
    const by = watch.events.filter((e) => seen.pids.has(e.process.pid) && e.cgroup === group.id);
    const told = (kind: string) => by.filter((e) => e.kind === kind && e.error === undefined);
    const execs = told('exec').map((e) => (e.kind === 'exec' ? e.exe : ''));
    const opens = told('open').map((e) => (e.kind === 'open' ? e.path : ''));
    const connects = told('connect').map((e) => (e.kind === 'connect' ? `${e.address}:${e.port}` : ''));
    expect(seen.opens.size).toBeGreaterThan(15);
    expect(new Set(execs)).toEqual(seen.execs);
    expect(new Set(opens)).toEqual(seen.opens);
    expect(new Set(connects)).toEqual(new Set(['127.0.0.1:9', '127.0.0.1:10']));
    expect(seen.connects).toEqual(new Set(connects));
    expect(watch.events.filter((e) => e.kind === 'gap')).toEqual([]);
  });

  it('no process acts before it was born, and each one’s acts keep their order', () => {
    const last = new Map<number, number>();
    const born = new Set<number>();
    for (const e of watch.events) {
      if (e.kind === 'gap' || e.found) continue;
      if (e.cgroup === group.id && e.kind === 'exec' && e.process.pid !== process.pid)
        expect(born.has(e.process.pid) || e.error !== undefined).toBe(true);
      expect(e.time).toBeGreaterThanOrEqual(last.get(e.process.pid) ?? 0);
      last.set(e.process.pid, e.time);
      if (e.kind === 'fork') born.add(e.child.pid);
    }
  });
});
