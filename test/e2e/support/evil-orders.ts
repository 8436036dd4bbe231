import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../../fingerprint/incident.ts';
import type { Order, Receipt } from '../../../fingerprint/order.ts';
import type { Person } from '../../fakes/evil-trust.ts';
import { at, forgedOrder } from './evil-documents.ts';
import type { EvilWorld } from './evil-world.ts';

/** Longer than what belongs to one incident may be apart: what begins later is told of on its own. */
const apartMs = 2_500;

/** What drifts in a copy, and orders about it, honest or not. */
export class Orders {
  readonly #world: EvilWorld;
  #seq = 0;

  constructor(world: EvilWorld) {
    this.#world = world;
  }

  /** A program that nobody knows is started from a scratch directory, and goes on running. */
  async drift(copy: string, name: string): Promise<Incident> {
    await sleep(apartMs);
    const path = join(this.#world.work, name);
    copyFileSync('/bin/sleep', path);
    chmodSync(path, 0o755);
    const { planter } = this.#world.copy(copy);
    await planter.do({ act: 'exec', file: path, args: ['300'], leave: true });
    return await this.#told(copy, (i) => i.drifts.some((d) => d.lineage.at(-1) === path));
  }

  /** The service itself does something it never did. */
  async knownDrift(copy: string, path: string): Promise<Incident> {
    await sleep(apartMs);
    await this.#world.copy(copy).planter.do({ act: 'read', path });
    return await this.#told(copy, (i) => i.drifts.some((d) => d.subject === path));
  }

  async #told(copy: string, is: (incident: Incident) => boolean): Promise<Incident> {
    const { cgroup } = this.#world.copy(copy);
    const find = (): Incident | undefined => {
      const told = this.#world.evil.reports.findLast(
        (r) => r.type === 'incident' && r.incident.instance.id === cgroup && is(r.incident),
      );
      return told?.type === 'incident' ? told.incident : undefined;
    };
    await this.#world.until(() => find() !== undefined, `an incident of ${copy}`);
    const incident = find();
    if (incident === undefined) throw new Error('unreachable: it was awaited');
    return incident;
  }

  /** As the real collector would give it. */
  about(incident: Incident, change: Partial<Order> = {}): Order {
    this.#seq += 1;
    return {
      id: `order-${this.#seq}`,
      action: 'kill-subtree',
      session: this.#world.evil.hello.session,
      seq: this.#seq,
      target: {
        node: incident.instance.node,
        instance: incident.instance.id,
        process: incident.culprit,
        incident: incident.id,
      },
      reason: 'because I say so',
      issuedAt: at(-1_000),
      expiresAt: at(30_000),
      ...change,
    };
  }

  /** What the agent tells of it. */
  async give(order: Order): Promise<Receipt> {
    const already = this.#receipts(order.id).length;
    this.#world.evil.order(forgedOrder(order));
    await this.#world.until(() => this.#receipts(order.id).length > already, `a receipt of ${order.id}`);
    const receipt = this.#receipts(order.id).at(-1);
    if (receipt === undefined) throw new Error('unreachable: it was awaited');
    return receipt;
  }

  /** An order that gets no receipt, because nobody who may give orders signed it. @returns the code it is refused with */
  async giveForged(order: object, by: Person, type?: string): Promise<string> {
    const from = this.#world.lines.end;
    this.#world.evil.order(forgedOrder(order, by, type));
    const line = await this.#world.line('a refused order', (l) => l.type === 'order-refused', from);
    return line.type === 'order-refused' ? line.code : '';
  }

  #receipts(id: string): readonly Receipt[] {
    return this.#world.evil.reports.flatMap((r) =>
      r.type === 'receipt' && r.receipt.order === id ? [r.receipt] : [],
    );
  }
}
