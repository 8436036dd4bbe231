import { afterEach, describe, expect, it } from 'vitest';
import { SmallFleet } from './support/small-fleet.ts';

let fleet: SmallFleet;
afterEach(() => fleet?.close());

describe('100 copies on 20 nodes that drift at once', () => {
  it('are stopped up to the budget; the rest is held up to its own, and all of it is put before a person', async () => {
    fleet = await SmallFleet.start({ rolloutMinutes: 0 });
    const nodes = Array.from({ length: 20 }, (_, n) => `node-${n}`);
    const copiesOf = (node: string) => [0, 1, 2, 3, 4].map((n) => `${node}-copy-${n}`);
    await Promise.all(nodes.map((node) => fleet.agent(node, copiesOf(node))));
    for (const node of nodes) for (const copy of copiesOf(node)) fleet.drift(fleet.drifting(node, copy));
    await fleet.until(() => fleet.decided().length === 100 && fleet.done.length === 13);
    const held = await fleet.held();
    expect([fleet.ordered('kill-subtree').length, fleet.ordered('hold').length]).toEqual([3, 10]);
    expect(fleet.orders).toHaveLength(13);
    expect(held).toHaveLength(97);
    expect(Map.groupBy(held, ({ done }) => done).get('hold')).toHaveLength(10);
    expect(new Set(held.map(({ wanted }) => wanted))).toEqual(new Set(['kill-subtree']));
    expect(held.map(({ sentence }) => sentence)).toContain(
      'the drifting processes are held: 3 of 3 stops of this workload in ten minutes',
    );
    // What was stopped needs no person's word.
    const stopped = fleet.ordered('kill-subtree').map(({ target }) => target.incident);
    expect(held.filter(({ incident }) => stopped.includes(incident))).toEqual([]);
  });
});

describe('the same drift on several nodes soon after a digest first came', () => {
  it('is held, and a person is asked', async () => {
    fleet = await SmallFleet.start();
    const drift = { key: 'd'.repeat(64), origin: 'image' } as const;
    for (const node of ['node-1', 'node-2', 'node-3']) await fleet.agent(node, [`${node}-copy`]);
    fleet.drift(fleet.drifting('node-1', 'node-1-copy', drift));
    await fleet.until(() => fleet.done.length === 1);
    fleet.drift(fleet.drifting('node-2', 'node-2-copy', drift));
    fleet.drift(fleet.drifting('node-3', 'node-3-copy', drift));
    await fleet.until(() => fleet.done.length === 3);
    const held = await fleet.held();
    // Of the first nobody could know that others would follow.
    expect(fleet.ordered('kill-subtree').map(({ target }) => target.node)).toEqual(['node-1']);
    expect(new Set(fleet.ordered('hold').map(({ target }) => target.node))).toEqual(
      new Set(['node-2', 'node-3']),
    );
    expect(held.map(({ reason, done, wanted }) => [reason, done, wanted])).toEqual(
      Array(2).fill(['brake-rollout', 'hold', 'kill-subtree']),
    );
  });
});

describe("one node's certificate that forges 1 000 drifts, of copies it made up too", () => {
  it('does not keep a real attack elsewhere from being stopped', async () => {
    fleet = await SmallFleet.start({ rolloutMinutes: 0, ownerShare: 1, stopsPerWorkload: 10 });
    const forged = Array.from({ length: 200 }, (_, n) => `forged-${n}`);
    await fleet.agent('node-evil', forged, { isEvil: true });
    await fleet.agent('node-good', ['good-copy']);
    for (let n = 0; n < 1000; n++) fleet.drift(fleet.drifting('node-evil', `forged-${n % 200}`));
    const real = fleet.drifting('node-good', 'good-copy');
    fleet.drift(real);
    await fleet.until(() => fleet.done.length === 1 && fleet.decided().length === 1001);
    const held = await fleet.held();
    expect(fleet.done).toMatchObject([{ action: 'kill-subtree', incident: real.id }]);
    expect(fleet.ordered('kill-subtree', 'node-evil')).toHaveLength(5);
    expect(fleet.ordered('kill-subtree', 'node-good')).toHaveLength(1);
    expect(held.map(({ incident }) => incident)).not.toContain(real.id);
    expect(held).toHaveLength(995);
  });
});
