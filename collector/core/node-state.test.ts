import { describe, expect, it } from 'vitest';
import { clockOff, type NodeFacts, nodeState } from './node-state.ts';

const well: NodeFacts = { connected: true, heard: 0, blind: false, waiting: [0, 0], restored: false };

describe('the state of a node', () => {
  it.each<[string, Partial<NodeFacts>, number, string]>([
    ['heard of just now', {}, 0, 'present'],
    ['a stream that broke half a minute ago', { connected: false }, 30_000, 'present'],
    ['a stream that broke a minute ago', { connected: false }, 60_000, 'silent'],
    ['a stream that is open and says nothing', {}, 60_000, 'silent'],
    ['blind', { blind: true }, 0, 'blind'],
    ['blind and silent: nothing is known of its sight', { blind: true }, 60_000, 'silent'],
    ['a burst in the spool', { waiting: [0, 90_000] }, 0, 'present'],
    ['a spool that stays full', { waiting: [90_000, 80_000] }, 0, 'behind'],
    ['a restore a while ago', { restored: true }, 0, 'restored'],
  ])('%s', (_name, facts, now, state) => {
    expect(nodeState({ ...well, ...facts }, now, 60_000)).toBe(state);
  });
});

describe("an agent's clock", () => {
  it.each<[string, number, boolean, number]>([
    ['a second late', -1_000, false, 0],
    ['half a minute ahead', 30_000, false, 0],
    ['an hour behind', -3_600_000, false, -3_600_000],
    ['nearly right again', 20_000, true, 20_000],
    ['right again', 10_000, true, 0],
  ])('%s', (_name, aheadMs, wasOff, off) => {
    const now = 1_800_000_000_000;
    expect(clockOff((now + aheadMs) * 1000, now, wasOff)).toBe(off);
  });
});
