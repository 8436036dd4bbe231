import { describe, expect, it } from 'vitest';
import { ArmWatch, type Place } from './arm-watch.ts';
import type { NamespaceDisarm } from './core/kubernetes/disarm-book.ts';
import type { LocalDisarm } from './ports/disarm.ts';
import type { StateLine } from './state-line.ts';

const until = Date.UTC(2026, 4, 3, 13) * 1000;
const inShop: Place = { workload: { namespace: 'shop' }, instance: { pod: 'cart-1' } };
const byLabel = (namespace: string): NamespaceDisarm => ({
  namespace,
  until,
  detail: `disarmed in namespace ${namespace} by its label`,
});

/** A node on which a person and the API say something, and what it told and logged. */
class Node {
  said: LocalDisarm | undefined;
  labels: NamespaceDisarm[] = [];
  readonly lines: StateLine[] = [];
  readonly logged: string[] = [];
  keeps = 0;
  readonly #log = (_fields: object, message: string): void => void this.logged.push(message);
  readonly watch = new ArmWatch({
    local: { disarmed: () => this.answer() },
    labels: {
      of: (namespace) => this.labels.find((label) => label.namespace === namespace),
      inForce: () => this.labels,
      keep: async () => {
        this.keeps += 1;
      },
    },
    now: () => 0,
    log: { info: this.#log, warn: this.#log, error: this.#log },
    say: (line) => void this.lines.push(line),
  });

  answer: () => Promise<LocalDisarm | undefined> = async () => this.said;

  told(): string[] {
    return this.lines
      .splice(0)
      .map((line) => ('detail' in line ? `${line.type}: ${line.detail}` : line.type));
  }
}

describe('whether a stop is disarmed', () => {
  it('is asked of nobody where nobody can say so', async () => {
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const watch = new ArmWatch({ now: () => 0, log: silent, say: () => undefined });
    await watch.look();
    expect(watch.disarmed(inShop)).toBeUndefined();
    expect(await watch.disarmedNow(undefined)).toBeUndefined();
    expect(watch.inForce).toEqual([]);
  });

  it('is what was said on the node, of everything, as of the last look', async () => {
    const node = new Node();
    node.said = { reason: 'ada: \u001b[2J', until };
    expect(node.watch.disarmed(inShop)).toBeUndefined();
    await node.watch.look();
    const disarm = { detail: 'disarmed on this node until 2026-05-03T13:00:00Z (ada: \\x1b[2J)', until };
    expect(node.watch.disarmed(inShop)).toEqual(disarm);
    expect(node.watch.disarmed(undefined)).toEqual(disarm);
    node.said = undefined;
    expect(node.watch.disarmed(inShop)).toEqual(disarm);
    await node.watch.look();
    expect(node.watch.disarmed(inShop)).toBeUndefined();
  });

  it('is what stands on the node at this moment, for whoever can wait', async () => {
    const node = new Node();
    await node.watch.look();
    node.said = { reason: 'ada: repair' };
    expect(await node.watch.disarmedNow(undefined)).toEqual({
      detail: 'disarmed on this node (ada: repair)',
    });
  });

  it('is what was asked last, also when an earlier answer comes later', async () => {
    const node = new Node();
    const slow = Promise.withResolvers<LocalDisarm | undefined>();
    node.answer = () => slow.promise;
    const first = node.watch.look();
    node.answer = async () => ({ reason: 'ada: repair' });
    expect(await node.watch.disarmedNow(inShop)).toBeDefined();
    slow.resolve(undefined);
    await first;
    expect(node.watch.disarmed(inShop)).toBeDefined();
  });

  it.each<[string, Place | undefined, boolean]>([
    ['pods of that namespace', inShop, true],
    ['pods of another', { ...inShop, workload: { namespace: 'bank' } }, false],
    ['what is in no pod', { ...inShop, instance: {} }, false],
    ['somebody nothing is known of', undefined, false],
  ])('by a label holds for %s at once: %o', async (_who, place, isDisarmed) => {
    const node = new Node();
    node.labels = [byLabel('shop')];
    expect(node.watch.disarmed(place)).toEqual(isDisarmed ? byLabel('shop') : undefined);
    expect(await node.watch.disarmedNow(place)).toEqual(isDisarmed ? byLabel('shop') : undefined);
  });

  it('is said of the whole node first, where both say so', async () => {
    const node = new Node();
    node.said = { reason: 'ada: repair' };
    node.labels = [byLabel('shop')];
    await node.watch.look();
    expect(node.watch.disarmed(inShop)?.namespace).toBeUndefined();
    expect(node.watch.inForce.map((d) => d.namespace)).toEqual([undefined, 'shop']);
  });
});

describe('a disarm is told', () => {
  it('when it begins, when it is another, and when it ends', async () => {
    const node = new Node();
    await node.watch.look();
    node.labels = [byLabel('shop')];
    await node.watch.look();
    await node.watch.look();
    expect(node.told()).toEqual(['disarm-in-force: disarmed in namespace shop by its label']);
    node.said = { reason: 'ada: repair' };
    node.labels = [{ ...byLabel('shop'), detail: 'disarmed in namespace shop, longer' }];
    await node.watch.look();
    expect(node.told()).toEqual([
      'disarm-in-force: disarmed on this node (ada: repair)',
      'disarm-in-force: disarmed in namespace shop, longer',
    ]);
    node.said = undefined;
    node.labels = [];
    await node.watch.look();
    expect(node.told()).toEqual([
      'disarm-ended: disarmed on this node (ada: repair)',
      'disarm-ended: disarmed in namespace shop, longer',
    ]);
    expect(node.logged).toEqual([
      ...Array(3).fill('nothing is stopped there: disarmed'),
      ...Array(2).fill('no longer disarmed'),
    ]);
  });

  it('to the collector with each heartbeat, the first ones by name', async () => {
    const node = new Node();
    expect(node.watch.counters()).toEqual({ 'disarmed.node': 0, 'disarmed.namespaces': 0 });
    node.said = { reason: 'ada: repair' };
    node.labels = Array.from({ length: 40 }, (_, i) => byLabel(`n${i}`));
    await node.watch.look();
    const { 'disarmed.node': here, 'disarmed.namespaces': count, ...named } = node.watch.counters();
    expect([here, count]).toEqual([1, 40]);
    expect(Object.keys(named)).toHaveLength(32);
    expect(named['disarmed.namespace.n0']).toBe(until / 1_000_000);
  });

  it('and labels are kept, with each look', async () => {
    const node = new Node();
    await node.watch.look();
    expect(node.keeps).toBe(1);
  });
});
