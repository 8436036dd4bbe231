import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import { OnCall } from './support/on-call.ts';

/** What people order from another machine, of a collector that stops nothing by itself. */
let site: OnCall;
let incident: Incident;
let id: string;

beforeAll(async () => {
  site = await OnCall.start({ mode: 'alert', ownerShare: 1, nodeShare: 1 });
  await site.fleet.agent('node-1', ['shop-1', 'shop-2', 'shop-3', 'shop-4']);
  incident = await site.drift('first', 'node-1', 'shop-1');
  id = incident.id.slice(0, 8);
});
afterAll(() => site?.fleet.close());

const because = (reason: string) => ['--reason', reason] as const;
/** What was done to the processes of the incident, one after the other. */
const done = () => site.fleet.done.filter((d) => d.incident === incident.id).map(({ action }) => action);
const place = 'default/unit/shop.service, copy shop-1 on node-1, pid';

describe('an order by hand is not given', () => {
  const anywhere = ['hold', 'freeze', 'kill', 'quarantine', 'resume'];
  it.each(anywhere)('to %s: by who may only look', async (verb) => {
    const said = await site.as('viewer', verb, id, ...because('ticket 7'));
    expect([said.code, said.err]).toEqual([
      3,
      expect.stringMatching(/this takes the role responder; your token has the role viewer/),
    ]);
  });

  it.each(['hold', 'freeze', 'kill', 'resume'])('to %s: without a reason', async (verb) => {
    const said = await site.as('responder', verb, id);
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toMatch(/whorl: say why, for the record; add --reason "…"\n$/);
  });

  it.each(anywhere)('to %s: of an incident that is none', async (verb) => {
    const said = await site.as('responder', verb, 'ffff', ...because('ticket 7'));
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toMatch(/no incident has the id ffff\n$/);
  });

  it.each(['freeze', 'kill'])('to %s: when nobody is there to confirm it', async (verb) => {
    const said = await site.as('responder', verb, id, ...because('ticket 7'));
    expect([said.code, said.out]).toEqual([2, '']);
    expect(said.err).toMatch(/nobody can confirm it: there is no terminal; add --yes when it is meant\n$/);
  });

  it.each([
    ['hold', 'hold'],
    ['freeze', 'freeze'],
    ['kill', 'kill-subtree'],
    ['resume', 'resume'],
  ])('to %s: in a dry run, which says what it would be', async (verb, action) => {
    const said = await site.as('responder', verb, id, '--dry-run');
    expect(said).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining(`${id} ${action}: ${place}`),
    });
    const told = await site.json('responder', verb, id, '--dry-run');
    expect(told).toMatchObject({ dryRun: true, action, ids: [id], plans: [{ result: 'would-order' }] });
  });

  it('to quarantine: nothing here can do that, which is said plainly and with what to do', async () => {
    const sentence = 'nothing here can keep a copy away from the network yet; hold it instead';
    for (const how of [[...because('ticket 7'), '--yes'], ['--dry-run'], ['--dry-run', '--json']]) {
      const { code, out, err } = await site.as('responder', 'quarantine', id, ...how);
      expect([code, `${out}${err}`]).toEqual([2, expect.stringContaining(sentence)]);
    }
  });

  it('at all: whatever was tried so far reached no node', () => {
    expect([site.fleet.orders, site.fleet.done]).toEqual([[], []]);
  });
});

describe('an order by hand', () => {
  const order = (verb: string, ...more: string[]) =>
    site.as('responder', verb, id, ...because(`to ${verb}`), ...more);

  it('holds, and lets go', async () => {
    expect(await order('hold')).toMatchObject({
      code: 0,
      out: expect.stringMatching(`^${id} held pid \\d+\n$`),
    });
    expect(await order('resume')).toMatchObject({ code: 0, out: `${id} let go\n` });
    expect(done()).toEqual(['hold']);
  });

  it('freezes, and lets go', async () => {
    const frozen = await order('freeze', '--yes');
    expect(frozen).toMatchObject({ code: 0, out: expect.stringMatching(`^${id} frozen pid \\d+\n$`) });
    expect(await order('resume')).toMatchObject({ code: 0, out: `${id} let go\n` });
    expect(done()).toEqual(['hold', 'freeze']);
  });

  it('kills, once: of what is gone it says so, and the code says that it is not done', async () => {
    const killed = await site.json('responder', 'kill', id, ...because('to kill'), '--yes');
    expect(killed).toMatchObject({
      dryRun: false,
      outcomes: [{ incident: incident.id, result: 'ordered', passed: [] }],
      receipts: [{ result: 'done', action: 'kill-subtree', stopped: [incident.culprit.pid] }],
    });
    const again = await order('kill', '--yes');
    expect(again).toMatchObject({ code: 4, out: `${id} not stopped (target-gone)\n` });
    expect(done()).toEqual(['hold', 'freeze', 'kill-subtree']);
  });

  it('carries to the node who gave it and why', () => {
    const [held] = site.fleet.ordered('hold');
    expect(held?.reason).toBe(
      'the drifting processes are held: a person ordered it (the-responder: to hold)',
    );
  });

  it('is seen with its receipts, in the order in which they were given, by who may only look', async () => {
    const { code, out } = await site.as('viewer', 'incidents', id);
    expect(code).toBe(1);
    expect(
      [...out.matchAll(/^ {2}done {6}(\S+ ?\S*).*, shop-1 on node-1$/gm)].map(([, words]) => words),
    ).toEqual(['held pid', 'let go', 'frozen pid', 'let go', 'killed pid', 'not stopped']);
    expect(out).toContain('decided   the drifting processes are killed: a person ordered it');
  });

  it('is on record with who and why', async () => {
    const { out } = await site.as('admin', 'audit', 'list', '--type', 'manual-order');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^.*Z /, '')),
    ).toEqual(
      ['kill', 'kill', 'resume', 'freeze', 'resume', 'hold'].map(
        (v) => `manual-order the-responder: to ${v}`,
      ),
    );
  });
});

describe('a brake that an order by hand meets', () => {
  it('is named with its numbers and the word that passes it, and passed by that word alone', async () => {
    // On two nodes: each agent counts for itself besides, and no word of the collector's goes past that.
    await site.fleet.agent('node-2', ['shop-5', 'shop-6', 'shop-7']);
    const second = await site.drift('second', 'node-1', 'shop-2');
    const third = await site.drift('third', 'node-2', 'shop-5');
    const fourth = await site.drift('fourth', 'node-2', 'shop-6');
    const kill = (one: Incident, ...more: string[]) =>
      site.as('responder', 'kill', one.id, ...because('all of them'), '--yes', ...more);
    expect([(await kill(second)).code, (await kill(third)).code]).toEqual([0, 0]);
    const refused = await kill(fourth);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toMatch(
      /3 of 3 stops of this workload in ten minutes.*to do it nonetheless, repeat it with force "budget"/,
    );
    const passed = await kill(fourth, '--force', 'budget');
    expect(passed).toMatchObject({ code: 0, out: expect.stringContaining('killed pid') });
    expect(passed.err).toMatch(/past: .*3 of 3 stops of this workload/);
  });
});
