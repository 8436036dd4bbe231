import { afterHello, isSettling, type NodeState } from './core/settling.ts';
import type { NodeStateStore } from './ports/brakes.ts';
import type { AgentHello } from './ports.ts';

/** Twice the streams that are open at once (adapters/ingest-grpc.ts): of a connected agent it is always known. */
const maxAgents = 4_000;

export interface SettlingOptions {
  readonly store: NodeStateStore;
  readonly settlingMs: () => number;
  readonly now: () => number;
}

/** Which nodes had their agent, source or kernel changed lately, or were forgotten in part. */
export class SettlingNodes {
  readonly #options: SettlingOptions;
  readonly #nodes = new Map<string, NodeState>();

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /**
   * Before the agent's first record is acted on.
   * @param forgotten its records that were acknowledged and are not here @throws StoreError
   */
  async came({ agent, cluster, node, version, source, kernel }: AgentHello, forgotten = 0): Promise<void> {
    const { store, now } = this.#options;
    const before = await store.of(agent, cluster, node);
    const software = { version, source, ...(kernel === undefined ? {} : { kernel }) };
    const state = afterHello(before, software, now(), forgotten);
    await store.save(agent, cluster, node, state, now());
    if (this.#nodes.size >= maxAgents) this.#forgetOldest();
    this.#nodes.delete(agent);
    this.#nodes.set(agent, state);
  }

  /** The one whose hello is the longest ago. */
  #forgetOldest(): void {
    const oldest = this.#nodes.keys().next();
    if (oldest.done !== true) this.#nodes.delete(oldest.value);
  }

  isSettling({ agent }: Pick<AgentHello, 'agent'>): boolean {
    const { settlingMs, now } = this.#options;
    const state = this.#nodes.get(agent);
    return state !== undefined && isSettling(state, settlingMs(), now());
  }
}
