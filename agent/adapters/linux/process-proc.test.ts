import { describe, expect, it } from 'vitest';
import { ancestry, isSame, parseStat, readAlive, readStat, startOf } from './process-proc.ts';

const rest = '0 -1 4194304 1 2 3 4 5 6 7 8 20 0';
const line = (comm: string, state = 'S', threads = 1): string =>
  `4711 (${comm}) ${state} 815 4711 815 ${rest.replace(/ 20 0$/, '')} 20 0 ${threads} 0 123456 9 9 9\n`;

describe('parseStat', () => {
  it.each([['nginx'], ['a b'], [') S 1 1 1 ('], ['x\ny'], ['']])('reads a process named %j', (comm) => {
    expect(parseStat(line(comm))).toMatchObject({
      pid: 4711,
      ppid: 815,
      session: 815,
      startTicks: 123456,
      comm,
    });
  });

  it.each([
    ['S', 1, { zombie: false, leaderless: false, stopped: false }],
    ['T', 1, { zombie: false, leaderless: false, stopped: true }],
    ['Z', 1, { zombie: true, leaderless: false, stopped: false }],
    ['Z', 3, { zombie: false, leaderless: true, stopped: false }],
    ['X', 0, { zombie: true, leaderless: false, stopped: false }],
  ])('state %s with %i threads', (state, threads, expected) => {
    expect(parseStat(line('x', state, threads))).toMatchObject(expected);
  });

  it.each([[''], ['4711'], ['4711 (x'], ['no (x) S 1 1 1'], ['4711 (x) S 1']])('refuses %j', (text) => {
    expect(parseStat(text)).toBeUndefined();
  });
});

describe('a process by pid and start', () => {
  const stat = parseStat(line('x'))!;

  it.each([
    [1_234_560_000, true],
    [1_234_569_999, true],
    [1_234_550_000, true],
    [1_234_579_999, true],
    [1_234_580_000, false],
    [1_234_549_999, false],
  ])('started at %i µs: the same is %s', (start, same) =>
    expect(isSame({ pid: 4711, start }, stat)).toBe(same),
  );

  it('is not another with its start', () =>
    expect(isSame({ pid: 4712, start: 1_234_560_000 }, stat)).toBe(false));

  it('is found in /proc, with its ancestors up to the first', () => {
    const self = readStat(process.pid)!;
    expect(readAlive({ pid: process.pid, start: startOf(self) })?.pid).toBe(process.pid);
    expect(readAlive({ pid: process.pid, start: startOf(self) - 60_000_000 })).toBeUndefined();
    expect(readStat(0)).toBeUndefined();
    const pids = ancestry(process.pid).map((a) => a.pid);
    expect(pids.slice(0, 2)).toEqual([process.pid, process.ppid]);
  });
});
