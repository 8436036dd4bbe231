import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { alive } from './support/enforce-world.ts';
import { at, Documents } from './support/evil-documents.ts';
import { Leases } from './support/evil-leases.ts';
import { Orders } from './support/evil-orders.ts';
import { EvilWorld } from './support/evil-world.ts';
import { whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`kill leases: not tested, ${why}`);

/** A real agent over a real kernel, and a collector that gives it leases and never an order. */
describe.skipIf(why !== undefined)('a kill lease', () => {
  let world: EvilWorld;
  let drifts: Orders;
  let leases: Leases;
  let workload: Workload;

  beforeAll(async () => {
    world = await EvilWorld.start(['victim', 'neighbour']);
    drifts = new Orders(world);
    leases = new Leases(world);
    await world.startAgent();
    workload = await world.workload('victim');
    const theirs = await world.workload('neighbour');
    for (const name of ['victim', 'neighbour']) {
      expect(await world.answers(name)).toBe(true);
      await world.copy(name).planter.do({ act: 'exec', file: '/bin/true', args: [] });
    }
    await world.until(
      () => [workload, theirs].every((w) => world.knows(w, '/bin/true')),
      'both services are learned',
    );
    const docs = new Documents({ mine: world.learned(workload), theirs: world.learned(theirs) });
    world.trust(docs.site());
    await world.restartAgent();
    const from = world.lines.end;
    world.evil.offer(docs.fingerprint());
    world.evil.offer(docs.approval({ mode: 'kill' }));
    await world.line('the approval is in force', (l) => l.type === 'approval-in-force', from);
  });
  afterAll(async () => {
    await world?.close();
  });

  async function receiptOf({ id }: Incident): Promise<Receipt> {
    const find = (): Receipt | undefined =>
      world.evil.reports.flatMap((r) =>
        r.type === 'receipt' && r.receipt.incident === id ? [r.receipt] : [],
      )[0];
    await world.until(() => find() !== undefined, 'a receipt');
    const receipt = find();
    if (receipt === undefined) throw new Error('unreachable: it was awaited');
    return receipt;
  }

  it('that never came lets nothing be stopped without asking', async () => {
    const incident = await drifts.drift('victim', 'unleased');
    expect(await world.answers('victim')).toBe(true);
    expect(alive(incident.culprit.pid)).toBe(true);
    expect(world.evil.reports.filter((r) => r.type === 'receipt')).toEqual([]);
  });

  it('has what drifts killed without any order, and the service beside it lives', async () => {
    const lease = leases.about(workload, { ends: 0 });
    leases.give(lease);
    await leases.settled(workload);
    const incident = await drifts.drift('victim', 'leased');
    const receipt = await receiptOf(incident);
    expect(receipt).toMatchObject({
      order: `lease:${lease.id}:${incident.id}`,
      cause: 'lease',
      lease: lease.id,
      result: 'done',
      action: 'kill-subtree',
      stopped: [incident.culprit.pid],
    });
    expect(receipt.evidence).toBeDefined();
    expect(receipt.eventToStoppedUs).toBeGreaterThan(0);
    expect(alive(incident.culprit.pid)).toBe(false);
    expect(await world.answers('victim')).toBe(true);
  });

  it.each<[string, () => Partial<Lease>]>([
    ['has nothing left', () => ({ stops: 0, ends: 0 })],
    // Over by the time it drifts: what drifts begins apart from what drifted before.
    ['is over', () => ({ expiresAt: at(2_000) })],
  ])('that %s has it held, and the service beside it lives', async (what, change) => {
    leases.give(leases.about(workload, change()));
    await leases.settled(workload);
    const incident = await drifts.drift('victim', what.replaceAll(' ', ''));
    const receipt = await receiptOf(incident);
    expect(receipt).toMatchObject({ cause: 'lease', action: 'hold', result: 'done' });
    expect(receipt.lease).toBeUndefined();
    expect(alive(incident.culprit.pid)).toBe(true);
    expect(await world.answers('victim')).toBe(true);
  });

  it('of an earlier start of the agent is worth nothing', async () => {
    const lease = leases.about(workload);
    await world.restartAgent();
    expect(await leases.giveWrong(lease)).toBe('refused-session');
    const incident = await drifts.drift('victim', 'restarted');
    expect(await world.answers('victim')).toBe(true);
    expect(alive(incident.culprit.pid)).toBe(true);
  });
});
