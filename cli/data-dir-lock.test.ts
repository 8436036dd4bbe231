import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lockDataDir } from './data-dir-lock.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-lock-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('lockDataDir', () => {
  it('refuses the second with the pid of the first, until the first lets go', async () => {
    const release = await lockDataDir(join(directory, 'a'));
    await expect(lockDataDir(join(directory, 'a'))).rejects.toThrow(`pid ${process.pid}`);
    release();
    (await lockDataDir(join(directory, 'a')))();
    expect(readdirSync(join(directory, 'a'))).toEqual([]);
  });

  it.each([
    ['of a process that is gone', '4194305 1\n'],
    ['of a pid that another process has now', `${process.pid} 1\n`],
    ['that was cut by a full disk', '12'],
  ])('takes over a lock %s', async (_name, content) => {
    writeFileSync(join(directory, 'up.pid'), content);
    const release = await lockDataDir(directory);
    release();
    expect(existsSync(join(directory, 'up.pid'))).toBe(false);
  });

  it('says in a sentence that a place cannot be used', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(lockDataDir(join(directory, 'file', 'x'))).rejects.toMatchObject({
      name: 'CliError',
      exitCode: 2,
    });
  });
});
