import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Budget } from './budget.ts';
import { sameBytes } from './same-bytes.ts';
import { isUnchanged, openSteady } from './steady-file.ts';

const root = mkdtempSync(join(tmpdir(), 'whorl-steady-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'bin'));
writeFileSync(join(root, 'bin/tool'), 'bytes');
writeFileSync(join(root, 'bin/twin'), 'bytes');
writeFileSync(join(root, 'bin/other'), 'other');
writeFileSync(join(root, 'bin/longer'), 'bytes and more');
symlinkSync('tool', join(root, 'bin/link'));
symlinkSync('bin', join(root, 'linked'));
execFileSync('mkfifo', [join(root, 'bin/pipe')]);

const soon = (): number => (Date.now() + 60_000) * 1000;
const before = (): number => (Date.now() - 60_000) * 1000;

describe('a steady file', () => {
  it.each<[string, string, () => number, boolean]>([
    ['is as it was', '/bin/tool', soon, true],
    ['changed since the act', '/bin/tool', before, false],
    ['is behind a link', '/bin/link', soon, false],
    ['is below a link', '/linked/tool', soon, false],
    ['is a pipe, which holds nobody up', '/bin/pipe', soon, false],
    ['is a directory', '/bin', soon, false],
    ['is gone', '/bin/none', soon, false],
    ['is named by a way out', '/bin/../bin/tool', soon, false],
  ])('%s', (_what, path, time, expected) => {
    const file = openSteady(root, path, time());
    expect(file !== undefined).toBe(expected);
    if (file !== undefined) closeSync(file.fd);
  });

  it('is not one whose directory was put there since', () => {
    mkdirSync(join(root, 'new'));
    writeFileSync(join(root, 'new/tool'), 'bytes');
    execFileSync('touch', ['-d', '2020-01-01', join(root, 'new/tool'), join(root, 'new')]);
    // What a program can set is its mtime; when it was changed the kernel alone says.
    expect(openSteady(root, '/new/tool', before())).toBeUndefined();
  });

  it('tells that it was written into', () => {
    const file = openSteady(root, '/bin/longer', soon());
    if (file === undefined) throw new Error('not steady');
    expect(isUnchanged(file)).toBe(true);
    writeFileSync(join(root, 'bin/longer'), 'less');
    expect(isUnchanged(file)).toBe(false);
    closeSync(file.fd);
  });

  it('is compared byte by byte', () => {
    const file = openSteady(root, '/bin/tool', soon());
    if (file === undefined) throw new Error('not steady');
    const same = (path: string) => sameBytes(file.fd, 5, join(root, path));
    expect(same('bin/twin')).toBe('277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9');
    expect(same('bin/other')).toBeUndefined();
    expect(same('bin/longer')).toBeUndefined();
    expect(same('bin/pipe')).toBeUndefined();
    expect(same('bin/none')).toBeUndefined();
    closeSync(file.fd);
  });
});

describe('the budget', () => {
  it('is new every second', () => {
    let now = 0;
    const budget = new Budget(() => now, { looks: 2, bytes: 10 });
    expect([budget.mayLook(), budget.mayLook(), budget.mayLook()]).toEqual([true, true, false]);
    expect([budget.mayRead(8), budget.mayRead(8), budget.mayRead(2)]).toEqual([true, false, true]);
    now = 1_000_000;
    expect([budget.mayLook(2), budget.mayLook(), budget.mayRead(8)]).toEqual([true, false, true]);
  });

  it('is new when the clock goes back, or it would be spent for ever', () => {
    let now = 5_000_000;
    const budget = new Budget(() => now, { looks: 1, bytes: 1 });
    budget.mayLook();
    now = 1_000_000;
    expect(budget.mayLook()).toBe(true);
  });
});
