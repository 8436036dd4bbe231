import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inLayers } from './in-layers.ts';

const dir = mkdtempSync(join(tmpdir(), 'whorl-layers-'));
afterAll(() => rmSync(dir, { recursive: true }));
const [top, base] = [join(dir, 'top'), join(dir, 'base')];

const file = (layer: string, path: string): void => {
  mkdirSync(dirname(layer + path), { recursive: true });
  writeFileSync(layer + path, path);
};
const link = (layer: string, path: string, target: string): void => {
  mkdirSync(dirname(layer + path), { recursive: true });
  symlinkSync(target, layer + path);
};

file(base, '/usr/bin/tool');
file(base, '/usr/bin/old');
file(top, '/usr/bin/old');
file(base, '/etc/passwd');
link(base, '/bin', 'usr/bin');
link(base, '/abs', '/usr/bin');
link(base, '/up', '../../../usr/bin/tool');
link(base, '/round', '/round');
link(base, '/dangling', '/nowhere');
// A link of the lower layer that leads out of it, hidden and not hidden by a directory above.
link(base, '/hidden', dir);
file(top, '/hidden/mine');
file(dir, '/outside');
link(base, '/out', `${dir}/outside`);
file(top, '/now-a-file');
file(base, '/now-a-file/below');

describe('inLayers', () => {
  it.each<[string, string, string | undefined]>([
    ['a file', '/usr/bin/tool', '/base/usr/bin/tool'],
    ['the topmost of several', '/usr/bin/old', '/top/usr/bin/old'],
    ['one behind a linked directory', '/bin/tool', '/base/usr/bin/tool'],
    ['one behind an absolute link', '/abs/tool', '/base/usr/bin/tool'],
    ['a link that climbs no higher than the root', '/up', '/base/usr/bin/tool'],
    ['a directory', '/usr/bin', undefined],
    ['nothing', '/usr/bin/none', undefined],
    ['a link to nothing', '/dangling', undefined],
    ['a link to itself', '/round', undefined],
    ['a link to a file of this machine', '/out', undefined],
    ['a directory that hides a link', '/hidden/mine', '/top/hidden/mine'],
    ['what lies behind the hidden link', '/hidden/outside', undefined],
    ['what a file of a higher layer hides', '/now-a-file/below', undefined],
  ])('%s', (_what, path, expected) =>
    expect(inLayers([top, base], path)).toBe(expected === undefined ? undefined : dir + expected),
  );
});
