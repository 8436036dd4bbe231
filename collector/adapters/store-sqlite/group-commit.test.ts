import { describe, expect, it } from 'vitest';
import { StoreError } from '../../ports.ts';
import { GroupCommit } from './group-commit.ts';
import type { Answer, Write } from './writer.ts';

const from = (agent: string, rows = 1): Write => ({
  kind: 'delivery',
  delivery: {
    agent,
    node: agent,
    acked: 0,
    rows: Array.from({ length: rows }, (_, i) => ['refused', i + 1, ''] as const),
  },
});
const decision: Write = {
  kind: 'decision',
  decision: {
    time: 1,
    incident: 'i',
    action: 'none',
    reason: 'stale',
    rule: '',
    would_action: '',
    would_reason: '',
  },
};
const agents = (writes: readonly Write[]) =>
  writes.map((w) => (w.kind === 'delivery' ? w.delivery.agent : 'decision'));

/** A disk that does what it is told, one commit at a time. */
class Disk {
  readonly commits: string[][] = [];
  readonly failures: StoreError[] = [];
  readonly gates: (() => void)[] = [];
  gated = false;

  readonly commit = async (writes: readonly Write[]): Promise<readonly Answer[]> => {
    this.commits.push(agents(writes));
    if (this.gated) await new Promise<void>((resolve) => this.gates.push(resolve));
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    return writes.map(() => true);
  };
}

const full = new StoreError('disk-full', 'full');
const never = async () => false;

describe('group commit', () => {
  it('commits what arrives in one turn together, and what arrives meanwhile next', async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.commit, never);
    await Promise.all([commits.add(from('a'), 1), commits.add(from('b'), 1), commits.add(decision, 1)]);
    await commits.add(from('a'), 1);
    expect(disk.commits).toEqual([['a', 'b', 'decision'], ['a']]);
  });

  it('splits what is too much for one commit, never a delivery', async () => {
    const disk = new Disk();
    const commits = new GroupCommit(disk.commit, never);
    await Promise.all(['a', 'b', 'c'].map((agent) => commits.add(from(agent, 3000), 1)));
    expect(disk.commits).toEqual([['a'], ['b'], ['c']]);
  });

  it('fails what waits behind a failed delivery of the same agent, and nothing else', async () => {
    const disk = new Disk();
    disk.gated = true;
    disk.failures.push(new StoreError('broken', 'no'));
    const commits = new GroupCommit(disk.commit, never);
    const first = commits.add(from('a'), 1);
    first.catch(() => undefined);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const behind = [commits.add(from('a'), 1), commits.add(from('b'), 1)];
    disk.gated = false;
    for (const open of disk.gates) open();
    expect((await Promise.allSettled([first, ...behind])).map((r) => r.status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(disk.commits).toEqual([['a'], ['b']]);
  });

  it('writes nothing else while the disk is full, then everything in its order', async () => {
    const disk = new Disk();
    disk.failures.push(full, full);
    let asked = 0;
    const late: Promise<unknown>[] = [];
    const commits = new GroupCommit(disk.commit, async () => {
      if (asked++ === 0) late.push(commits.add(from('a'), 2), commits.add(from('b'), 2));
      return true;
    });
    await commits.add(from('a'), 1);
    await Promise.all(late);
    expect(disk.commits).toEqual([['a'], ['a'], ['a'], ['a', 'b']]);
  });

  it('is settled when all has been answered', async () => {
    const commits = new GroupCommit(new Disk().commit, never);
    let answered = false;
    void commits.add(from('a'), 1).then(() => {
      answered = true;
    });
    await commits.settled();
    expect(answered).toBe(true);
    await commits.settled();
  });
});
