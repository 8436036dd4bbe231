import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInRoot } from './host/file-in-root.ts';
import { readStat, startOf } from './linux/process-proc.ts';
import { hostRuntime } from './runtime-host.ts';

let dir = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-host-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const expected = (...lines: string[]): string =>
  `sha256:${sha256(`whorl.dev/entrypoint/v1\n${lines.join('\n')}\n`)}`;
const nodeDigest = (): string => sha256(readFileSync(realpathSync(process.execPath)));

/** Starts a program that says so, or that needs no saying because it just sleeps. */
async function identify(exe: string, args: string[], cwd = dir, ready = true): Promise<string | undefined> {
  const child = spawn(exe, args, { cwd, stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  await (ready ? once(child.stdout, 'data') : once(child, 'spawn'));
  const pid = child.pid ?? 0;
  const ref = await hostRuntime().identify('/a.service', { pid, start: startOf(readStat(pid)!) });
  expect(ref?.id).toBe('/a.service');
  return ref?.digest;
}
const serve = "process.stdout.write('up'); setInterval(() => undefined, 1000);";

describe('identity without a container runtime', () => {
  it('is the bytes of the executable', async () => {
    const path = join(dir, 'service');
    copyFileSync(realpathSync('/bin/sleep'), path);
    expect(await identify(path, ['1000'], dir, false)).toBe(expected(`exe ${sha256(readFileSync(path))}`));
    expect(await identify(path, ['2000'], dir, false)).toBe(expected(`exe ${sha256(readFileSync(path))}`));
  });

  it('is interpreter and script together, whatever path names the script', async () => {
    mkdirSync(join(dir, 'app'));
    writeFileSync(join(dir, 'app/server.js'), serve);
    symlinkSync(join(dir, 'app/server.js'), join(dir, 'link.js'));
    const wanted = expected(`exe ${nodeDigest()}`, `file ${sha256(serve)}`);
    expect(await identify(process.execPath, ['app/server.js', '--port', '1'])).toBe(wanted);
    expect(await identify(process.execPath, ['./server.js'], join(dir, 'app'))).toBe(wanted);
    expect(await identify(process.execPath, ['link.js'])).toBe(wanted);
    writeFileSync(join(dir, 'app/server.js'), `${serve}// changed`);
    expect(await identify(process.execPath, ['app/server.js'])).not.toBe(wanted);
  });

  it('is interpreter and code given on the command line', async () => {
    expect(await identify(process.execPath, ['-e', serve])).toBe(
      expected(`exe ${nodeDigest()}`, `text ${sha256(serve)}`),
    );
  });

  it('is never a bare interpreter', async () => {
    expect(await identify(process.execPath, ['-i'])).toBeUndefined();
  });

  it('is unknown for a process that is gone or that is another', async () => {
    expect(await hostRuntime().identify('/x', { pid: process.pid, start: 1 })).toEqual({ id: '/x' });
    expect(await hostRuntime().identify('/x', { pid: 999_999_999, start: 1 })).toEqual({ id: '/x' });
  });
});

describe('openInRoot', () => {
  const read = async (path: string): Promise<string | undefined> => {
    const handle = await openInRoot(join(dir, 'root'), path);
    return await handle?.readFile('utf8').finally(() => handle.close());
  };

  it.each<[string, string, string | undefined]>([
    ['a file', '/etc/conf', 'inside'],
    ['dots', '/etc/../etc/./conf', 'inside'],
    ['dots above the root', '/../../etc/conf', 'inside'],
    ['an absolute link, which means the root given', '/abs', 'inside'],
    ['a link that climbs out', '/climb', 'inside'],
    ['a linked directory', '/dir/conf', 'inside'],
    ['a loop', '/loop', undefined],
    ['a directory', '/etc', undefined],
    ['nothing', '/none', undefined],
  ])('%s', async (_name, path, content) => {
    mkdirSync(join(dir, 'root/etc'), { recursive: true });
    writeFileSync(join(dir, 'root/etc/conf'), 'inside');
    writeFileSync(join(dir, 'conf'), 'outside');
    for (const [name, target] of [
      ['abs', '/etc/conf'],
      ['climb', '../../../etc/conf'],
      ['dir', '/etc'],
      ['loop', 'loop'],
    ]) {
      symlinkSync(target ?? '', join(dir, 'root', name ?? ''));
    }
    expect(await read(path)).toBe(content);
  });
});
