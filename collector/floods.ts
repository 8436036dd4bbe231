import type { Incident } from '../fingerprint/incident.ts';
import { printable } from '../fingerprint/printable.ts';
import { Allowance, type FloodLimits, Folded, type Kept, rankOf } from './core/flood.ts';
import type { Nodes } from './nodes.ts';
import type { NodeStore } from './ports/nodes.ts';
import type { AgentLink, Log } from './ports.ts';

/** As canaries.ts: twice the nodes of the largest cluster. */
const maxAgents = 20_000;
/** Once a second: as many as an agent may send in it. */
const unfoldAtOnce = 200;

export interface FloodsOptions {
  readonly store: Pick<NodeStore, 'foldedIds' | 'folded'>;
  readonly nodes: Pick<Nodes, 'flooded' | 'calm'>;
  readonly limits: FloodLimits;
  readonly now: () => number;
  readonly log: Log;
}

/** What becomes of an incident record that came. */
export type Passage =
  | { readonly passes: true; readonly unfolds: boolean }
  | { readonly passes: false; readonly kept: Kept };

interface Flooding {
  readonly allowance: Allowance;
  readonly folded: Folded;
  /** Since it was told last. */
  count: number;
  unkept: number;
  link: AgentLink | undefined;
  isFlooding: boolean;
}

/**
 * The flood breaker: one node that reports more incidents than nodes do — because it was taken over, or a fingerprint does
 * not fit — must not fill the disk or keep others waiting. What is beyond its allowance is acknowledged, counted and
 * folded: of each incident the last state, the graver first. When it is calm again they go their way.
 */
export class Floods {
  readonly #options: FloodsOptions;
  readonly #agents = new Map<string, Flooding>();

  constructor(options: FloodsOptions) {
    this.#options = options;
  }

  /** What an earlier run had folded. */
  async restore(): Promise<void> {
    for (const { agent, id, rank } of await this.#options.store.foldedIds()) {
      const flooding = this.#of(agent);
      flooding.folded.add(id, rank);
      flooding.isFlooding = true;
    }
  }

  came(link: AgentLink): void {
    const known = this.#agents.get(link.hello.agent);
    if (known !== undefined) known.link = link;
  }

  judge(link: AgentLink, { id, severity }: Pick<Incident, 'id' | 'severity'>): Passage {
    const flooding = this.#of(link.hello.agent);
    flooding.link = link;
    const { allowance, folded } = flooding;
    if (allowance.take(severity, this.#options.now())) {
      const unfolds = folded.has(id);
      folded.remove(id);
      return { passes: true, unfolds };
    }
    const kept = folded.add(id, rankOf(severity));
    flooding.count += 1;
    if (!kept.kept) flooding.unkept += 1;
    if (kept.kept && kept.evicts !== undefined) flooding.unkept += 1;
    flooding.isFlooding = true;
    return { passes: false, kept };
  }

  /**
   * Tells who floods, and gives out what may go its way now: call it every second or so.
   * @param unfold one agent's incidents; resolves when they are stored
   */
  async look(unfold: (link: AgentLink, json: readonly string[]) => Promise<void>): Promise<void> {
    const { now } = this.#options;
    for (const [agent, flooding] of this.#agents) {
      if (!flooding.isFlooding) continue;
      if (flooding.count > 0) this.#tell(agent, flooding);
      if (flooding.link === undefined || !flooding.allowance.isCalm(now())) continue;
      if (flooding.folded.size > 0) await this.#unfold(agent, flooding, flooding.link, unfold);
      else this.#calm(agent, flooding, flooding.link);
    }
  }

  #tell(agent: string, flooding: Flooding): void {
    const { link, count, unkept, folded } = flooding;
    flooding.count = 0;
    if (link === undefined) return;
    const beyond = unkept === 0 ? '' : `; of ${unkept} only the number is known`;
    const detail = `it reports more incidents than one node may; of ${folded.size} the last state is kept until it is calm${beyond}`;
    this.#options.log.warn({ node: link.hello.node, agent, count }, 'flood');
    this.#options.nodes.flooded(link.hello, count, printable(detail, 512));
  }

  #calm(agent: string, flooding: Flooding, { hello }: AgentLink): void {
    flooding.isFlooding = false;
    flooding.unkept = 0;
    this.#options.log.info({ node: hello.node, agent }, 'flood is over');
    this.#options.nodes.calm(hello);
  }

  async #unfold(
    agent: string,
    { folded }: Flooding,
    link: AgentLink,
    unfold: (link: AgentLink, json: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const rows = await this.#options.store.folded(agent, unfoldAtOnce);
    // A newer state may have passed since the question was asked.
    const due = rows.filter(({ id }) => folded.has(id));
    for (const { id } of due) folded.remove(id);
    try {
      await unfold(
        link,
        due.map(({ json }) => json),
      );
    } catch (err) {
      for (const { id } of due) folded.add(id, 0);
      this.#options.log.error({ err }, 'what a flood had folded could not be stored');
    }
  }

  #of(agent: string): Flooding {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    if (this.#agents.size >= maxAgents) this.#forgetOne();
    const { limits, now } = this.#options;
    const made: Flooding = {
      allowance: new Allowance(limits, now()),
      folded: new Folded(),
      count: 0,
      unkept: 0,
      link: undefined,
      isFlooding: false,
    };
    this.#agents.set(agent, made);
    return made;
  }

  /** One that does not flood: what it may is full again by the time it comes back. */
  #forgetOne(): void {
    for (const [agent, { isFlooding }] of this.#agents) {
      if (isFlooding) continue;
      this.#agents.delete(agent);
      return;
    }
  }
}
