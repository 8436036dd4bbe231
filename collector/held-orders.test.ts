import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../fingerprint/incident.ts';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';

const who = { author: 'ada', reason: 'it is an attack' };
const other: Incident = anIncident({
  id: '2'.repeat(64),
  instance: { id: 'copy-1', node: 'node-a1', startedAt: 5 },
  drifts: [{ ...aDrift, key: 'e'.repeat(64) }],
});
const first = anIncident({ instance: other.instance });

let c: BrakedCollector;
beforeEach(async () => {
  c = await BrakedCollector.start();
  await c.agent('a1', ['copy-1']);
  await c.incident('a1', first);
  await c.incident('a1', other);
});
afterEach(() => c.stop());

const actions = () => c.orders.map((o) => o.action);
const waiting = async () => (await c.held.list('waiting', 10)).map((h) => h.id);
const only = async (): Promise<string> => {
  const [id] = await waiting();
  if (id === undefined) throw new Error('nothing waits');
  return id;
};

describe('a stop that a brake held back', () => {
  it('waits for a person, with the numbers of its budget', async () => {
    expect(actions()).toEqual(['kill-subtree', 'hold']);
    expect(await c.held.list('waiting', 10)).toMatchObject([
      {
        incident: other.id,
        wanted: 'kill-subtree',
        done: 'hold',
        reason: 'brake-owner',
        sentence: "the drifting processes are held: 1 of 1 stops of this owner's copies in ten minutes",
        expires: c.now + 600_000,
      },
    ]);
  });

  it('is not released because its budget frees up', async () => {
    const [kill, hold] = c.orders.map((o) => o.id);
    if (kill === undefined || hold === undefined) throw new Error('two orders were given');
    await c.receipt('a1', {
      order: hold,
      incident: other.id,
      result: 'done',
      action: 'hold',
      stopped: [4711],
    });
    await c.receipt('a1', { order: kill, incident: first.id, result: 'refused-no-drift', stopped: [] });
    await c.incident('a1', other);
    expect(actions()).toEqual(['kill-subtree', 'hold']);
  });

  it('is done at once when a person releases it, in his name', async () => {
    const id = await only();
    expect(await c.held.release(id, who)).toMatchObject({ ok: true });
    expect(c.orders.at(-1)).toMatchObject({
      action: 'kill-subtree',
      reason: expect.stringContaining('(ada: it is an attack)'),
    });
    expect(c.audited).toMatchObject([{ type: 'held-order-released', author: 'ada', about: other.id }]);
    expect(await c.held.release(id, who)).toMatchObject({ ok: false, code: 'not-waiting' });
  });

  it('is released once by two who are quick', async () => {
    const id = await only();
    const answers = await Promise.all([c.held.release(id, who), c.held.release(id, who)]);
    expect(answers.map((a) => a.ok).toSorted()).toEqual([false, true]);
    expect(actions()).toEqual(['kill-subtree', 'hold', 'kill-subtree']);
  });

  it('is not released past what policy and approval allow by now', async () => {
    c.policy = { ...c.policy, mode: 'freeze' };
    expect(await c.held.release(await only(), who)).toMatchObject({ ok: false, code: 'no-longer-allowed' });
    c.policy = { ...c.policy, mode: 'kill', protectedNamespaces: ['default'] };
    expect(await c.held.release(await only(), who)).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('the namespace is protected'),
    });
    expect(actions()).toEqual(['kill-subtree', 'hold']);
  });

  it('is let go when a person cancels it, and left alone from then on, over a restart', async () => {
    expect(await c.held.cancel(await only(), who)).toMatchObject({ ok: true });
    expect(actions()).toEqual(['kill-subtree', 'hold', 'resume']);
    await c.restart();
    await c.agent('a1', ['copy-1'], { session: '2'.repeat(32) });
    c.now += 1_200_000;
    await c.incident('a1', other);
    expect(actions()).toEqual(['kill-subtree', 'hold', 'resume']);
    expect(c.lines.at(-1)).toMatchObject({ action: 'none', reason: 'brake-asked' });
  });

  it('needs a reason, and an agent that is there', async () => {
    const id = await only();
    expect(await c.held.release(id, { ...who, reason: ' ' })).toMatchObject({ code: 'no-reason' });
    expect(await c.held.release('nothing', who)).toMatchObject({ code: 'unknown' });
    c.present.clear();
    expect(await c.held.release(id, who)).toMatchObject({ code: 'agent-away' });
    expect(await waiting()).toEqual([id]);
  });

  it('is over when the hold has ended by itself', async () => {
    c.now += 600_000;
    await c.held.look();
    expect(await c.held.list('expired', 10)).toMatchObject([
      { incident: other.id, ended: { author: 'collector' } },
    ]);
    expect(c.lines.at(-1)).toMatchObject({ type: 'held-order', held: { state: 'expired' } });
  });
});
