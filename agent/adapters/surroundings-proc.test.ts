import { describe, expect, it } from 'vitest';
import { readStat, startOf } from './linux/process-proc.ts';
import { procSurroundings } from './surroundings-proc.ts';

const self = (): { pid: number; start: number } => {
  const stat = readStat(process.pid);
  if (stat === undefined) throw new Error('this process has no stat line');
  return { pid: process.pid, start: startOf(stat) };
};

describe('procSurroundings', () => {
  it('says what this machine has, and no addresses of the host', async () => {
    const found = await procSurroundings().of(self());
    expect(found?.addresses).toEqual([]);
    expect(found?.search).toBeInstanceOf(Array);
  });

  it('says nothing of a process that is gone, nor of another with its number', async () => {
    const { pid, start } = self();
    expect(await procSurroundings().of({ pid: 2 ** 30, start })).toBeUndefined();
    expect(await procSurroundings().of({ pid, start: start + 10_000_000 })).toBeUndefined();
  });

  it('knows the host by its first process', async () => {
    expect((await procSurroundings().host())?.addresses).toEqual([]);
  });
});
