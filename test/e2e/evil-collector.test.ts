import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentLine } from '../../cli/agent-line.ts';
import { commandPayloadType as orderType, statementPayloadType } from '../../fingerprint/envelope.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import type { Order, ReceiptResult } from '../../fingerprint/order.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { alive, refOf } from './support/enforce-world.ts';
import { at, Documents } from './support/evil-documents.ts';
import { Leases } from './support/evil-leases.ts';
import { evilOffers, granting, wider } from './support/evil-offers.ts';
import { Orders } from './support/evil-orders.ts';
import { EvilWorld } from './support/evil-world.ts';
import { whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`evil collector: not tested, ${why}`);

const names = ['victim', 'neighbour', 'other'];
/** What a site says that wants to be told, and nothing stopped. */
const silent = { rules: [], killScope: 'subtree', stopInteractive: false } as const;

/**
 * A collector that was taken over offers a real agent whatever it likes, over the agent's own protocol and with the right
 * certificate and token. It holds the key for orders and the learner's key, as every collector does, and every document
 * that was ever signed. The honest version of each thing stands beside it, in the same run.
 */
describe.skipIf(why !== undefined)('an evil collector and a real agent', () => {
  let world: EvilWorld;
  let docs: Documents;
  let orders: Orders;
  let leases: Leases;
  let workload: Workload;
  const codes = new Set<string>();

  beforeAll(async () => {
    world = await EvilWorld.start(names);
    orders = new Orders(world);
    leases = new Leases(world);
    await world.startAgent();
    workload = await world.workload('victim');
    const theirs = await world.workload('neighbour');
    for (const name of names) {
      expect(await world.answers(name)).toBe(true);
      await world.copy(name).planter.do({ act: 'exec', file: '/bin/true', args: [] });
    }
    await world.until(
      () => [workload, theirs].every((w) => world.knows(w, '/bin/true')),
      'both services are learned',
    );
    docs = new Documents({ mine: world.learned(workload), theirs: world.learned(theirs) });
    world.trust(docs.site());
    await world.restartAgent();
  });
  afterAll(async () => {
    await world?.close();
  });

  /** Offers a document. @returns the type of the line by which the agent answers, or the code it refuses it with */
  async function offer(envelope: Uint8Array): Promise<string> {
    const from = world.lines.end;
    world.evil.offer(envelope);
    // What is verified anew besides goes by the name of its file.
    const isAnswer = (l: AgentLine): boolean =>
      /-(refused|in-force)$/.test(l.type) && (!('name' in l) || l.name === 'collector');
    const line = await world.line('an answer', isAnswer, from);
    return 'code' in line ? line.code : line.type;
  }
  const refusals = (): string[] => evilOffers(docs).map(([what, code]) => `${what}: ${code}`);
  async function offerAll(): Promise<string[]> {
    const answers: string[] = [];
    for (const [what, code, bytes] of evilOffers(docs)) {
      const answer = await offer(bytes);
      answers.push(`${what}: ${answer}`);
      codes.add(code);
    }
    return answers;
  }
  const untrusted = (from: number): string[] =>
    world.lines
      .since(from)
      .flatMap((l) => (l.type === 'workload-untrusted' ? [`${nameOf(l.workload)}: ${l.code}`] : []));
  const nameOf = ({ subject }: Workload): string | undefined => names.find((n) => subject.name.includes(n));
  async function allLive(): Promise<void> {
    for (const name of names) expect(await world.answers(name), name).toBe(true);
  }

  it('honest documents are accepted', async () => {
    const theirs = world.learned(await world.workload('neighbour'));
    expect(await offer(docs.fingerprint())).toBe('fingerprint-in-force');
    expect(await offer(docs.fingerprint({ version: 3 }, wider(theirs), 'otherVendor'))).toBe(
      'fingerprint-in-force',
    );
    expect(
      await offer(docs.overlay({ add: granting(docs.mine, { path: '/etc/passwd', access: ['read'] }) })),
    ).toBe('overlay-in-force');
    expect(await offer(docs.approval({ mode: 'freeze' }))).toBe('approval-in-force');
  });

  it('everything else it offers is refused, each by its code', async () => {
    expect(await offerAll()).toEqual(refusals());
  });

  it('and again after the agent was started anew: what it saw it has not forgotten', async () => {
    await world.restartAgent();
    expect(await offerAll()).toEqual(refusals());
    await allLive();
  });

  it('what is genuine and about somebody else says nothing here', async () => {
    const tenant = {
      cluster: 'default',
      namespace: 'team-b',
      owner: 'Deployment/cart',
      container: 'main',
      role: 'main',
    } as const;
    const digest = `sha256:${'cd'.repeat(32)}`;
    const genuine = [
      // Another tenant's own, for the same image; another image's, with the same digest, was accepted above.
      docs.fingerprint({ stream: 'team-b', version: 1 }, { ...wider(docs.mine), scope: tenant }),
      docs.approval({ scope: { namespaces: ['team-b'] } }, { stream: 'team-b', version: 1 }),
      docs.approval({ fingerprint: digest }, { stream: 'earlier', version: 1 }),
    ];
    for (const bytes of genuine) expect(await offer(bytes)).toMatch(/-in-force$/);
    // Of an overlay whose fingerprint is not here nothing is in force.
    await offer(
      docs.overlay(
        { base: digest, add: granting(docs.mine, { path: '/srv/x', access: ['read'] }) },
        { stream: 'b', version: 1 },
      ),
    );
    const incident = await orders.drift('victim', 'dropped');
    expect(incident.approval).toMatchObject({ fingerprint: docs.honest, version: 7, maxMode: 'freeze' });
    await expectRefused(orders.about(incident), 'refused-protected');
    expect(alive(incident.culprit.pid)).toBe(true);
    await allLive();
  });

  async function expectRefused(order: Order, result: ReceiptResult): Promise<void> {
    expect(await orders.give(order)).toMatchObject({ order: order.id, result, stopped: [] });
  }

  describe('orders, by the very key that agents obey', () => {
    let incident: Incident;
    let known: Incident;

    beforeAll(async () => {
      expect(await offer(docs.approval({ mode: 'kill' }, { version: 6 }))).toBe('approval-in-force');
      incident = await orders.drift('victim', 'miner');
      known = await orders.knownDrift('victim', '/etc/shadow');
    });

    it('forged ones are refused by the signature', async () => {
      const order = orders.about(incident);
      expect(await orders.giveForged(order, 'thief')).toBe('UNKNOWN_KEY');
      expect(await orders.giveForged(order, 'vendor')).toBe('UNKNOWN_KEY');
      expect(await orders.giveForged(order, 'commander', statementPayloadType)).toBe('PAYLOAD_TYPE');
      expect(await orders.giveForged({ ...order, unless: 'x' }, 'commander')).toBe('SCHEMA');
    });

    const wrong: readonly (readonly [string, ReceiptResult, () => Partial<Order>])[] = [
      ['for another node', 'refused-node', () => ({ target: target({ node: 'other-node' }) })],
      ['for another start of the agent', 'refused-session', () => ({ session: 'b'.repeat(32) })],
      ['with a number that was', 'refused-sequence', () => ({ seq: 1 })],
      ['that has run out', 'refused-expired', () => ({ issuedAt: at(-50_000), expiresAt: at(-20_000) })],
      ['that lasts a day', 'refused-expired', () => ({ expiresAt: at(86_400_000) })],
      ['of tomorrow', 'refused-expired', () => ({ issuedAt: at(80_000), expiresAt: at(90_000) })],
      [
        'for the service, which has not drifted',
        'refused-no-drift',
        () => ({ target: target({ process: service('victim') }) }),
      ],
      [
        'for a process of the neighbour',
        'refused-no-drift',
        () => ({ target: target({ process: service('neighbour') }) }),
      ],
      [
        'for the neighbour itself',
        'refused-no-drift',
        () => ({ action: 'kill', target: target({ instance: world.copy('neighbour').cgroup }) }),
      ],
      [
        'for an incident that is not',
        'refused-no-drift',
        () => ({ target: target({ incident: 'f'.repeat(64) }) }),
      ],
      [
        'for a pid that came back',
        'refused-no-drift',
        () => ({ target: target({ process: { ...incident.culprit, start: incident.culprit.start + 1 } }) }),
      ],
      [
        'for the killing of a known program',
        'refused-protected',
        () => ({ target: { ...target({}), incident: known.id, process: itself() } }),
      ],
      [
        'for the whole copy of a known program',
        'refused-protected',
        () => ({ action: 'kill', target: { ...target({}), incident: known.id, process: itself() } }),
      ],
      ['to let go what is not held', 'target-gone', () => ({ action: 'resume' })],
    ];
    const target = (change: Partial<Order['target']>): Order['target'] => ({
      ...orders.about(incident).target,
      ...change,
    });
    const itself = (): Order['target']['process'] =>
      known.drifts.find((d) => d.subject === '/etc/shadow')?.process ?? known.culprit;
    const service = (name: string): Order['target']['process'] => refOf(world.copy(name).planter.pid);

    it.each(wrong)('one %s is refused: %s', async (_what, result, change) => {
      await expectRefused(orders.about(incident, change()), result);
      expect(alive(incident.culprit.pid)).toBe(true);
    });

    it('nothing that did not drift was stopped by any of them', allLive);

    it('the honest one stops what drifts, and that alone', async () => {
      const order = orders.about(incident);
      const receipt = await orders.give(order);
      expect(receipt).toMatchObject({ result: 'done', stopped: [incident.culprit.pid] });
      await world.until(() => !alive(incident.culprit.pid), 'the miner is dead');
      // The same again, and under another name: told again, done once.
      expect(await orders.give(order)).toEqual(receipt);
      await expectRefused({ ...order, id: 'again' }, 'refused-sequence');
      await allLive();
    });
  });

  describe('kill leases, by the very key that agents obey', () => {
    const wrong: readonly (readonly [string, string, (lease: Lease) => Promise<string>])[] = [
      ['forged', 'UNKNOWN_KEY', (lease) => leases.giveWrong(lease, 'thief')],
      ['signed as an order', 'PAYLOAD_TYPE', (lease) => leases.giveWrong(lease, 'commander', orderType)],
      ['with a condition', 'SCHEMA', (lease) => leases.giveWrong({ ...lease, unless: 'x' })],
      ['that grants more ends than stops', 'SCHEMA', (lease) => leases.giveWrong({ ...lease, ends: 4 })],
      ['for another node', 'refused-node', (lease) => leases.giveWrong({ ...lease, node: 'other-node' })],
      [
        'for another start of the agent',
        'refused-session',
        (lease) => leases.giveWrong({ ...lease, session: 'b'.repeat(32) }),
      ],
      [
        'that has run out',
        'refused-expired',
        (lease) => leases.giveWrong({ ...lease, issuedAt: at(-50_000), expiresAt: at(-20_000) }),
      ],
      [
        'that lasts a day',
        'refused-expired',
        (lease) => leases.giveWrong({ ...lease, expiresAt: at(86_400_000) }),
      ],
    ];

    it.each(wrong)('one %s is refused: %s', async (_what, code, give) => {
      expect(await give(leases.about(workload))).toBe(code);
    });

    it('the most generous ones for what has not drifted stop nothing', async () => {
      for (const name of names)
        leases.give(
          leases.about(await world.workload(name), {
            stops: 10_000,
            ends: 10_000,
            response: { rules: [{ mode: 'kill' }], killScope: 'container', stopInteractive: true },
          }),
        );
      await leases.settled(workload);
      const receipts = world.evil.reports.filter((r) => r.type === 'receipt').length;
      await allLive();
      await world.copy('other').planter.do({ act: 'exec', file: '/bin/true', args: [] });
      await allLive();
      expect(world.evil.reports.filter((r) => r.type === 'receipt')).toHaveLength(receipts);
      // One that takes everything back, so that what comes next is about orders again.
      leases.give(leases.about(workload, { stops: 0, ends: 0, response: silent }));
      await leases.settled(workload);
    });
  });

  it('a decision that was taken back does not come back', async () => {
    expect(await offer(docs.approval(undefined, { version: 7 }))).toBe('approval-in-force');
    expect(await offer(docs.approval({ mode: 'kill' }, { version: 6 }))).toBe('ROLLBACK');
    await world.restartAgent();
    expect(await offer(docs.approval({ mode: 'kill' }, { version: 6 }))).toBe('ROLLBACK');
    const incident = await orders.drift('victim', 'second');
    await expectRefused(orders.about(incident), 'refused-protected');
    expect(alive(incident.culprit.pid)).toBe(true);
  });

  it('the honest next policy rules at once, and what it takes back judges no more', async () => {
    // Nothing that it offered until now has ended the learning of anything.
    expect(untrusted(0)).toEqual([]);
    const from = world.lines.end;
    const revoked = docs.revoked({ vendor: { at: at(0), reason: 'key stolen' } });
    expect(await offer(docs.policy({ version: 2, revoked }))).toBe('policy-in-force');
    // What that key had signed and held until now is verified anew at once.
    await world.line('what was in force is no more', (l) => 'code' in l && l.code === 'KEY_REVOKED', from);
    expect(await offer(docs.fingerprint())).toBe('KEY_REVOKED');
    expect(await offer(docs.policy({ version: 2 }))).toBe('EQUIVOCATION');
    expect(await offer(docs.policy({ version: 1 }))).toBe('POLICY_ROLLBACK');
    expect(untrusted(from)).toEqual(['victim: KEY_REVOKED']);
    await world.restartAgent();
    expect(await offer(docs.fingerprint())).toBe('KEY_REVOKED');
    await allLive();
  });

  it('and nothing that its copies do is learned, while others are', async () => {
    for (const name of ['victim', 'other'])
      await world.copy(name).planter.do({ act: 'exec', file: '/bin/ls', args: [] });
    const other = await world.workload('other');
    await world.until(() => world.knows(other, '/bin/ls'), 'the other service is learned');
    expect(world.knows(workload, '/bin/ls')).toBe(false);
  });

  it('each refusal was counted under its code', async () => {
    await world.stopAgent();
    const line = world.lines.since(0).findLast((l) => l.type === 'stopped');
    expect(line).toBeDefined();
    const told = new Set(
      world.lines.since(0).flatMap((l) => (l.type.endsWith('-refused') && 'code' in l ? [l.code] : [])),
    );
    for (const code of codes) expect(told).toContain(code);
  });
});
