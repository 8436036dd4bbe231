import type { BrakeLimits } from '../../collector/core/brake-limits.ts';
import { braked, type Surroundings } from '../../collector/core/brakes.ts';
import { type Charge, chargeKey, orderReachMs, takesOut } from '../../collector/core/charges.ts';
import { grantsFor, isSettled, type Wish } from '../../collector/core/leases.ts';
import type { OutLease } from '../../collector/core/spending.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import { aDrift, anIncident, shop } from './reports.ts';

export type Step =
  | { readonly do: 'drift'; readonly agent: number; readonly copy: number }
  | { readonly do: 'cut' | 'heal' | 'restart'; readonly agent: number }
  | { readonly do: 'restartCollector' }
  | { readonly do: 'wait'; readonly ms: number };

interface Purse {
  readonly id: string;
  stops: number;
  ends: number;
  until: number;
}

/** What an agent has to tell, in the order it happened. */
type News =
  | { readonly is: 'incident'; readonly incident: Incident }
  | { readonly is: 'spent'; readonly id: string; readonly lease: string; readonly incident: Incident }
  | { readonly is: 'done'; readonly order: string }
  | { readonly is: 'back'; readonly copy: string };

interface Node {
  readonly name: string;
  readonly copies: string[];
  readonly down: Map<string, number>;
  session: number;
  isCut: boolean;
  purse: Purse | undefined;
  spool: News[];
  /** Orders that did not arrive yet. */
  inbox: { readonly id: string; readonly incident: Incident; readonly expires: number }[];
}

const tickMs = 5_000;
/** A copy that was ended is started again by whoever runs it. */
const restartMs = 20_000;

/**
 * A cluster with one workload under a clock of its own: what agents do with leases and orders, and what the collector
 * believes of it. Agents' clocks are five seconds behind; whatever is cut off goes on, and tells later.
 */
export class Fleet {
  readonly #limits: BrakeLimits;
  readonly #endsCopies: boolean;
  readonly #nodes: Node[];
  #now = 1_000_000_000;
  #charges: Charge[] = [];
  #leases: OutLease[] = [];
  #count = 0;
  /** Survives the collector. */
  #record: { charges: Charge[]; leases: OutLease[] } = { charges: [], leases: [] };
  readonly #stops: { readonly at: number; readonly key: string }[] = [];
  fewestServing: number;

  constructor(about: { agents: number; copiesEach: number; endsCopies: boolean; limits: BrakeLimits }) {
    this.#limits = about.limits;
    this.#endsCopies = about.endsCopies;
    this.#nodes = Array.from({ length: about.agents }, (_, n) => ({
      name: `a${n}`,
      copies: Array.from({ length: about.copiesEach }, (_copy, c) => `a${n}-c${c}`),
      down: new Map(),
      session: 0,
      isCut: false,
      purse: undefined,
      spool: [],
      inbox: [],
    }));
    this.fewestServing = this.copies;
  }

  get copies(): number {
    return this.#nodes.reduce((sum, n) => sum + n.copies.length, 0);
  }

  get stops(): number {
    return this.#stops.length;
  }

  withLease(): string[] {
    return this.#nodes.filter((n) => n.purse !== undefined && n.purse.until > this.#now).map((n) => n.name);
  }

  withoutLease(): number[] {
    const with_ = this.withLease();
    return this.#nodes.flatMap((n, i) => (with_.includes(n.name) ? [] : [i]));
  }

  /** Causes that were stopped within any window of this length. */
  mostStopsIn(windowMs: number): number {
    return Math.max(
      0,
      ...this.#stops.map(
        ({ at }) =>
          new Set(this.#stops.filter((s) => s.at > at - windowMs && s.at <= at).map((s) => s.key)).size,
      ),
    );
  }

  play(step: Step): void {
    const node = 'agent' in step ? this.#nodes[step.agent % this.#nodes.length] : undefined;
    switch (step.do) {
      case 'drift':
        if (node !== undefined) this.#drift(node, step.copy);
        return;
      case 'cut':
      case 'heal':
        if (node !== undefined) node.isCut = step.do === 'cut';
        this.#exchange();
        return;
      case 'restart':
        if (node === undefined) return;
        node.session += 1;
        node.purse = undefined;
        // It died before it could write down what it had just done.
        if (node.spool.at(-1)?.is === 'spent') node.spool.pop();
        return;
      case 'restartCollector':
        // What came back of those that are out may not have been looked at.
        this.#charges = this.#record.charges.map((c) => ({ ...c, takesOut: true }));
        this.#leases = this.#record.leases.map(({ dropped: _, ...l }) =>
          l.settled ? l : { ...l, spent: 0 },
        );
        return;
      case 'wait':
        for (let left = step.ms; left > 0; left -= tickMs) {
          this.#now += Math.min(tickMs, left);
          this.#tick();
        }
    }
  }

  #drift(node: Node, copy: number): void {
    const instance = node.copies[copy % node.copies.length] ?? '';
    if (node.down.has(instance)) return;
    this.#count += 1;
    const program = this.#endsCopies ? ['/usr/bin/shop'] : ['/usr/bin/shop', '/tmp/dropped'];
    const incident = anIncident({
      id: `i${this.#count}`,
      instance: { id: instance, node: node.name, startedAt: 1 },
      drifts: [{ ...aDrift, key: `k${this.#count}`, lineage: program }],
    });
    node.spool.push({ is: 'incident', incident });
    const { purse } = node;
    // Its clock is behind.
    const isLiveThere = purse !== undefined && this.#now - 5_000 < purse.until;
    if (isLiveThere && purse.stops > 0 && (!this.#endsCopies || purse.ends > 0)) {
      purse.stops -= 1;
      if (this.#endsCopies) purse.ends -= 1;
      this.#end(node, incident);
      node.spool.push({ is: 'spent', id: `lease:${purse.id}:${incident.id}`, lease: purse.id, incident });
    }
    this.#exchange();
  }

  #end(node: Node, incident: Incident): void {
    this.#stops.push({ at: this.#now, key: chargeKey(incident, node.name) });
    if (this.#endsCopies) node.down.set(incident.instance.id, this.#now + restartMs);
    const serving = this.#nodes.reduce((sum, n) => sum + n.copies.length - n.down.size, 0);
    this.fewestServing = Math.min(this.fewestServing, serving);
  }

  #tick(): void {
    for (const node of this.#nodes) {
      for (const [copy, at] of node.down) if (at <= this.#now) this.#back(node, copy);
    }
    this.#exchange();
    this.#grant();
  }

  #back(node: Node, copy: string): void {
    node.down.delete(copy);
    node.spool.push({ is: 'back', copy });
  }

  #exchange(): void {
    for (const node of this.#nodes) {
      if (node.isCut) continue;
      for (const news of node.spool.splice(0)) this.#told(node, news);
      for (const order of node.inbox.splice(0)) this.#obey(node, order);
      for (const news of node.spool.splice(0)) this.#told(node, news);
    }
  }

  #obey(node: Node, { id, incident, expires }: Node['inbox'][number]): void {
    const isGone =
      node.down.has(incident.instance.id) ||
      this.#stops.some((s) => s.key === chargeKey(incident, node.name));
    if (this.#now - 5_000 > expires || isGone) return;
    this.#end(node, incident);
    node.spool.push({ is: 'done', order: id });
  }

  #told(node: Node, news: News): void {
    switch (news.is) {
      case 'incident':
        this.#decide(node, news.incident);
        return;
      case 'spent': {
        const { incident } = news;
        const key = chargeKey(incident, node.name);
        this.#charge({ ...this.#chargeOf(news.id, incident, node), key, at: this.#now });
        this.#leases = this.#leases.map((l) => (l.id === news.lease ? { ...l, spent: l.spent + 1 } : l));
        return;
      }
      case 'done':
        this.#charges = this.#charges.map((c) =>
          c.id === news.order ? { ...c, at: Math.min(c.at, this.#now) } : c,
        );
        return;
      case 'back':
        return;
    }
  }

  #chargeOf(id: string, incident: Incident, node: Node): Charge {
    return {
      id,
      key: chargeKey(incident, node.name),
      at: this.#now + orderReachMs,
      action: 'kill-subtree',
      workload: workloadKey(shop),
      agent: node.name,
      instance: incident.instance.id,
      takesOut: takesOut(incident, 'kill-subtree'),
    };
  }

  #charge(charge: Charge): void {
    this.#charges = [...this.#charges, charge];
    this.#record.charges.push(charge);
  }

  #decide(node: Node, incident: Incident): void {
    const wished = { action: 'kill-subtree', reason: 'all-allow', mode: 'kill' } as const;
    const spending = { charges: this.#charges, leases: this.#leases };
    const decision = braked(
      wished,
      incident,
      this.#around(node, incident),
      spending,
      this.#limits,
      this.#now,
    );
    if (decision.action !== 'kill-subtree') return;
    this.#count += 1;
    const id = `o${this.#count}`;
    this.#charge(this.#chargeOf(id, incident, node));
    // Half of the orders meet a stream that has just gone.
    if (this.#count % 2 === 0) node.isCut = true;
    node.inbox.push({ id, incident, expires: this.#now + 60_000 });
  }

  #around(node: Node, incident: Incident): Surroundings {
    const present = this.#nodes.filter((n) => !n.isCut);
    return {
      agent: node.name,
      session: String(node.session),
      hasActed: false,
      onNode: 100,
      ofOwner: this.copies,
      others: this.#serving().filter((c) => c !== incident.instance.id).length,
      agentsOfWorkload: present.length,
      agentsInCluster: present.length,
      isRollout: false,
      isSettling: false,
    };
  }

  /** As the collector counts them: those of agents it hears, without those that may be down. */
  #serving(): string[] {
    const out = new Set(
      this.#charges
        .filter((c) => c.takesOut && c.at > this.#now - this.#limits.windowMs)
        .map((c) => c.instance),
    );
    return this.#nodes.filter((n) => !n.isCut).flatMap((n) => n.copies.filter((c) => !out.has(c)));
  }

  #grant(): void {
    this.#leases = this.#leases.map((lease) => {
      const node = this.#nodes.find((n) => n.name === lease.agent);
      if (node === undefined || node.isCut || lease.settled) return lease;
      const time = (this.#now - 5_000) * 1000;
      const told = { session: String(node.session), time, waiting: node.spool.length, dropped: 0 };
      return isSettled(lease, told) ? { ...lease, settled: true } : lease;
    });
    const present = this.#nodes.filter((n) => !n.isCut);
    const serving = this.#serving().length;
    const wishes: Wish[] = present.map((n) => ({
      agent: n.name,
      session: String(n.session),
      workload: workloadKey(shop),
      copies: n.copies.length,
      onNode: 100,
      serving,
      ofOwner: this.copies,
      agentsOfWorkload: present.length,
      agentsInCluster: present.length,
      response: { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false },
      maxMode: 'kill',
    }));
    const spending = { charges: this.#charges, leases: this.#leases };
    for (const grant of grantsFor(spending, wishes, this.#limits, this.#now)) {
      const { wish, renews, stops, ends, issuedAt, expiresAt } = grant;
      this.#count += 1;
      const lease: OutLease =
        renews === undefined
          ? {
              id: `l${this.#count}`,
              agent: wish.agent,
              session: wish.session,
              workload: wish.workload,
              stops,
              ends,
              spent: 0,
              since: issuedAt,
              issuedAt,
              expiresAt,
              settled: false,
              dropped: 0,
            }
          : { ...renews, issuedAt, expiresAt };
      this.#leases = [...this.#leases.filter((l) => l.id !== lease.id), lease];
      const node = this.#nodes.find((n) => n.name === wish.agent);
      if (node === undefined) continue;
      // The same purse for longer, or another one in its place.
      if (node.purse?.id === lease.id) node.purse.until = expiresAt;
      else node.purse = { id: lease.id, stops, ends, until: expiresAt };
    }
    this.#record.leases = this.#leases;
  }
}
