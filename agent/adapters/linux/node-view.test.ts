import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { procNodeView } from './node-view.ts';

const cart = 'a'.repeat(64);
const till = 'b'.repeat(64);
const cartAt = `/kubepods.slice/kubepods-podc.slice/cri-containerd-${cart}.scope`;
const tillAt = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podt.slice/crio-${till}.scope`;
/** What whoever has control groups of their own may make: as deep as the one it is named after. */
const posingAt = `${cartAt}/crio-${till}.scope`;

const node = mkdtempSync(join(tmpdir(), 'whorl-node-'));
afterAll(() => rmSync(node, { recursive: true }));
const proc = join(node, 'proc');
const cgroups = join(node, 'cgroup');

function file(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

file(join(proc, 'uptime'), '100.00 50.00\n');
for (const [pid, path] of [
  [10, `${cartAt}/worker`],
  [20, tillAt],
  [11, posingAt],
] as const) {
  file(join(proc, String(pid), 'cgroup'), `0::${path}\n`);
  mkdirSync(cgroups + path, { recursive: true });
}
mkdirSync(`${cgroups}${dirname(tillAt)}/crio-conmon-${till}.scope`);

const view = procNodeView({ proc, cgroups, now: () => 1e15 });
const idOf = (path: string): number => statSync(cgroups + path).ino;

describe('the control group of a container', () => {
  it.each<[string, string, number, string]>([
    ['by a process in it', till, 20, tillAt],
    ['by a process deeper in it', cart, 10, cartAt],
    ['by its id alone', till, 0, tillAt],
    ['by the beginning of its id', till.slice(0, 12), 0, tillAt],
    ['by its id, when the process is gone', cart, 99, cartAt],
    ['not where another container says that it is', till, 11, tillAt],
  ])('is found %s', (_, id, pid, path) => expect(view.placeOf(id, pid)).toEqual({ id: idOf(path), path }));

  it.each([
    ['of one that is only named inside another', 'c'.repeat(64)],
    ['by less of its id than tells it apart', 'aaaaaaaaaaa'],
    ['by the middle of its id', `${'a'.repeat(11)}.`],
    ['by what is a path', `../${cart}`],
  ])('is not found %s', (_, id) => {
    mkdirSync(`${cgroups}${cartAt}/crio-${'c'.repeat(64)}.scope`, { recursive: true });
    expect(view.placeOf(id, 0)).toBeUndefined();
  });
});
