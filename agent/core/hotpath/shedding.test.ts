import { describe, expect, it } from 'vitest';
import { Shedding } from './shedding.ts';

const [flooding, quiet] = [44, 45];

/** How many of so many new acts are let go. */
function dropped(shedding: Shedding, cgroup: number, acts: number): number {
  let n = 0;
  for (let i = 0; i < acts; i++) if (shedding.drops(cgroup, i)) n += 1;
  return n;
}

function busyFor(looks: number): Shedding {
  const shedding = new Shedding();
  for (let i = 0; i < looks; i++) shedding.heard(1);
  return shedding;
}

/** One copy shows more than all others all the time. */
function floodedFor(looks: number): Shedding {
  const shedding = busyFor(1);
  for (let i = 1; i < looks; i++) {
    dropped(shedding, flooding, 1_000);
    dropped(shedding, quiet, 10);
    shedding.heard(1);
  }
  shedding.losses();
  return shedding;
}

describe('Shedding', () => {
  it('lets nothing go while there is time', () => {
    const shedding = new Shedding();
    shedding.heard(0.89);
    expect(dropped(shedding, flooding, 100_000)).toBe(0);
    expect(shedding.losses()).toEqual([]);
  });

  it('lets go of who shows most when there is none, and of nobody else', () => {
    const shedding = busyFor(1);
    expect(dropped(shedding, flooding, 1_000)).toBe(800);
    expect(dropped(shedding, quiet, 150)).toBe(0);
  });

  it('allows less the longer it lasts, never nothing', () => {
    expect([2, 3, 4, 20].map((looks) => 1_000 - dropped(floodedFor(looks), flooding, 1_000))).toEqual([
      100, 50, 25, 5,
    ]);
  });

  it('leaves those alone that show less than others, whoever keeps the loop busy and with what', () => {
    const shedding = floodedFor(20);
    expect(dropped(shedding, quiet, 50)).toBe(0);
    // Nobody's new acts are many: what keeps the loop busy is something else.
    const other = busyFor(20);
    expect([dropped(other, flooding, 50), dropped(other, quiet, 50)]).toEqual([0, 0]);
  });

  it('allows more as soon as there is time again, until all is looked at', () => {
    const shedding = floodedFor(20);
    const allowed: number[] = [];
    while (shedding.isOn) {
      shedding.heard(0.1);
      allowed.push(10_000 - dropped(shedding, flooding, 10_000));
    }
    // In the first tenth of a second nobody had shown much.
    expect(allowed.slice(0, 3)).toEqual([50, 20, 40]);
    expect(allowed.at(-1)).toBe(10_000);
  });

  it('tells what it let go once, as a gap of that copy', () => {
    const shedding = busyFor(1);
    dropped(shedding, flooding, 203);
    expect(shedding.losses()).toEqual([
      expect.objectContaining({ kind: 'gap', cgroup: flooding, since: 200, until: 202, lost: 3 }),
    ]);
    expect(shedding.losses()).toEqual([]);
  });
});
