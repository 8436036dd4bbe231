import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import { OnCall } from './support/on-call.ts';

/** What people do about stops that a brake held back, and where nothing is to be stopped at all. */
const because = ['--reason', 'ticket 7'] as const;

describe('orders that a brake held back', () => {
  let site: OnCall;
  let attack: Incident;
  let ours: Incident;
  beforeAll(async () => {
    site = await OnCall.start({ mode: 'kill', ownerShare: 1, nodeShare: 1, stopsPerWorkload: 1 });
    await site.fleet.agent('node-1', ['shop-1', 'shop-2', 'shop-3', 'shop-4']);
    await site.drift('first', 'node-1', 'shop-1');
    await site.fleet.until(() => site.fleet.done.length === 1);
    attack = await site.drift('an attack', 'node-1', 'shop-2');
    ours = await site.drift('a test of ours', 'node-1', 'shop-3');
    await site.fleet.until(() => site.fleet.done.length === 3);
  });
  afterAll(() => site?.fleet.close());

  const done = ({ id }: Incident) => site.fleet.done.filter((d) => d.incident === id).map((d) => d.action);
  /** The id of the held order about that incident, as a person reads it off the list. */
  async function held({ id }: Incident): Promise<string> {
    const { out } = await site.as('viewer', 'held', '--all');
    return new RegExp(`^(\\S+) .*incident ${id.slice(0, 8)}`, 'm').exec(out)?.[1] ?? 'not in the list';
  }

  it('are seen with what was wanted, where, until when, and which brake says no', async () => {
    const { code, out } = await site.as('viewer', 'held');
    expect([
      code,
      out.match(/kill-subtree of default\/unit\/shop\.service, incident \w{8}, until \S+Z\n/g),
    ]).toEqual([
      0,
      [expect.stringContaining(ours.id.slice(0, 8)), expect.stringContaining(attack.id.slice(0, 8))],
    ]);
    expect(out).toContain('the drifting processes are held: 1 of 1 stops of this workload in ten minutes\n');
    expect((await site.as('viewer', 'status')).out).toContain('2 stops wait for a person: whorl held');
  });

  it.each<[string, 'viewer' | 'responder', string[], number, RegExp]>([
    ['by who may only look', 'viewer', [...because, '--yes'], 3, /this takes the role responder/],
    ['without a reason', 'responder', ['--yes'], 2, /say why, for the record; add --reason/],
    ['when nobody confirms it', 'responder', [...because], 2, /nobody can confirm it.*add --yes/],
  ])('are not released %s', async (_name, role, args, code, sentence) => {
    const said = await site.as(role, 'held', 'release', await held(attack), ...args);
    expect([said.code, said.err, said.out]).toEqual([code, expect.stringMatching(sentence), '']);
  });

  it.each([
    ['held', 'ffff-none'],
    ['held', 'release', 'ffff-none', ...because],
    ['held', 'cancel', 'ffff-none', ...because],
  ])('are not taken for another: %s %s %s', async (...args) => {
    const said = await site.as('responder', ...args);
    expect([said.code, said.err]).toEqual([
      2,
      expect.stringMatching(/no held order has an id that begins with ffff-none/),
    ]);
  });

  it('are only shown in a dry run', async () => {
    for (const how of ['release', 'cancel']) {
      const said = await site.as('responder', 'held', how, await held(attack), '--dry-run');
      expect(said).toMatchObject({ code: 0, out: expect.stringMatching(`^would ${how}:\n.*kill-subtree`) });
    }
    expect([done(attack), done(ours)]).toEqual([['hold'], ['hold']]);
  });

  it('are done after all when a person releases them, once', async () => {
    const id = await held(attack);
    const release = () => site.as('responder', 'held', 'release', id, ...because, '--yes');
    expect(await release()).toMatchObject({ code: 0, out: 'ordered: kill-subtree\n' });
    await site.fleet.until(() => done(attack).length === 2);
    const again = await release();
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/it is released already\n$/)]);
    await site.fleet.agents.get('node-1')?.drained();
    expect(done(attack)).toEqual(['hold', 'kill-subtree']);
    expect((await site.as('viewer', 'incidents', attack.id)).out).toMatch(
      / {2}done {6}held pid \d+, shop-2 on node-1\n {2}done {6}killed pid \d+, shop-2 on node-1\n/,
    );
  });

  it('are never done when a person cancels them: what was held goes on, and stays alone', async () => {
    const id = await held(ours);
    const cancelled = await site.as('responder', 'held', 'cancel', id, ...because);
    expect(cancelled).toMatchObject({ code: 0, out: 'cancelled; what was held goes on\n' });
    await site.fleet.until(() => site.fleet.ordered('resume').length === 1);
    const released = await site.as('responder', 'held', 'release', id, ...because, '--yes');
    expect([released.code, released.err]).toEqual([2, expect.stringMatching(/it is cancelled already\n$/)]);
    // Told again, as an agent does that drifts on.
    site.fleet.drift({ ...ours, last: ours.last + 1_000_000 });
    await site.fleet.agents.get('node-1')?.drained();
    expect(done(ours)).toEqual(['hold']);
  });

  it('do not wait any more, and who ended them is told', async () => {
    expect(await site.as('viewer', 'held')).toMatchObject({
      code: 0,
      out: '',
      err: 'nothing waits for a person\n',
    });
    const { out } = await site.as('viewer', 'held', '--all');
    expect(out.match(/(released|cancelled) by the-responder: ticket 7/g)).toEqual([
      'cancelled by the-responder: ticket 7',
      'released by the-responder: ticket 7',
    ]);
    const orders = site.fleet.orders.map(({ action }) => action);
    expect(orders).toEqual(['kill-subtree', 'hold', 'hold', 'kill-subtree', 'resume']);
  });
});

describe('a place that is disarmed', () => {
  let site: OnCall;
  beforeAll(async () => {
    site = await OnCall.start({ mode: 'kill', ownerShare: 1, nodeShare: 1 });
    await site.fleet.agent('node-1', ['shop-1', 'shop-2', 'shop-3']);
  });
  afterAll(() => site?.fleet.close());

  const here = ['--workload', 'local/default/unit/shop.service', '--for', '1h'] as const;

  it.each<[string, 'viewer' | 'responder', string[], number, RegExp]>([
    ['by who may only look', 'viewer', [...here, ...because], 3, /this takes the role responder/],
    ['without a reason', 'responder', [...here], 2, /say why, for the record; add --reason/],
    ['for ever', 'responder', [...here.slice(0, 2), ...because], 2, /--for must be from 1m to 24h/],
  ])('is not, %s', async (_name, role, args, code, sentence) => {
    const said = await site.as(role, 'disarm', ...args);
    expect([said.code, said.err]).toEqual([code, expect.stringMatching(sentence)]);
    expect((await site.as('viewer', 'status')).out).not.toContain('DISARMED');
  });

  it('is given no order, until it is armed again', async () => {
    const { fleet } = site;
    expect((await site.as('responder', 'disarm', ...here, ...because)).out).toMatch(
      /^disarmed until \S+Z; whorl rearm/,
    );
    expect((await site.as('viewer', 'status')).out).toMatch(
      /^DISARMED .*shop\.service.*the-responder: ticket 7/,
    );
    const spared = await site.drift('while disarmed', 'node-1', 'shop-1');
    await fleet.until(() => fleet.decided().includes(spared.id));
    expect((await site.as('viewer', 'incidents', spared.id)).out).toContain(
      'decided   nothing is stopped: it is disarmed here',
    );

    const dry = await site.as('responder', 'rearm', '--all', '--dry-run');
    expect(dry).toMatchObject({ code: 0, out: expect.stringMatching(/^would rearm: /) });
    expect((await site.as('viewer', 'rearm', '--all', ...because)).code).toBe(3);
    expect((await site.as('responder', 'rearm', '--all')).err).toMatch(/say why/);
    expect(fleet.orders).toEqual([]);

    const armed = await site.as('responder', 'rearm', '--all', ...because);
    expect(armed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^armed again: .*the-responder: ticket 7\n$/),
    });
    const attack = await site.drift('armed again', 'node-1', 'shop-2');
    await fleet.until(() => fleet.done.length === 1);
    expect(fleet.done).toMatchObject([{ incident: attack.id, action: 'kill-subtree' }]);
    expect(await site.as('responder', 'rearm', '--all', ...because)).toMatchObject({
      code: 0,
      err: 'nothing is disarmed\n',
    });
  });
});
