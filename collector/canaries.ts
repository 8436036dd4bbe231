import { type Canary, canaryActs, canaryNonce } from '../fingerprint/canary.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Report } from '../fingerprint/report.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { type KeptSilence, Silence, type SilenceStatus } from './core/silence.ts';
import type { AgentBeat, AgentLink, DriftStore, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Twice the nodes of the largest cluster: agents that are gone are remembered until there is no more room. */
const maxAgents = 20_000;

export interface CanariesOptions {
  readonly store: Pick<DriftStore, 'setting' | 'saveSetting'>;
  readonly isPresent: (agent: string) => boolean;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

interface Node {
  readonly node: string;
  readonly silence: Silence;
  told: SilenceStatus['state'];
}

/** Silence tests of all agents (DESIGN §4): which node is blind. What a canary is, is neither shown nor acted on. */
export class Canaries {
  readonly #options: CanariesOptions;
  readonly #nodes = new Map<string, Node>();

  constructor(options: CanariesOptions) {
    this.#options = options;
  }

  /** Before the agent's first record is read: an earlier collector may have been told of a canary whose incident comes now. */
  async came({ hello }: AgentLink): Promise<void> {
    const { store, now } = this.#options;
    const known = this.#nodes.get(hello.agent);
    if (known === undefined) {
      const kept = readKept(await store.setting(settingOf(hello.agent)));
      if (this.#nodes.size >= maxAgents) this.#forgetOldest();
      const silence = new Silence(now(), kept);
      this.#nodes.set(hello.agent, { node: hello.node, silence, told: silence.status.state });
    } else known.silence.connected(now());
  }

  announced({ hello }: AgentLink, report: Extract<Report, { type: 'canary' }>): void {
    const node = this.#nodes.get(hello.agent);
    if (node?.silence.announced(report, report.period * 1000, this.#options.now()) !== true) return;
    this.#changed(hello.agent, node);
    this.#keep(hello.agent, node);
  }

  /** Told of each incident before it is stored. @returns the canary that it is, and nothing besides */
  canaryOf({ hello }: AgentLink, incident: Incident): Canary | undefined {
    const node = this.#nodes.get(hello.agent);
    const canary = node?.silence.canaryOf(incident, this.#options.now());
    if (node !== undefined && canary !== undefined) this.#changed(hello.agent, node);
    return canary;
  }

  heartbeat({ hello }: AgentLink, { counters }: AgentBeat): void {
    this.#nodes.get(hello.agent)?.silence.every((counters['canary.period-seconds'] ?? 0) * 1000);
  }

  /** Looks which are due; call it every second or so. */
  look(): void {
    const { isPresent, now } = this.#options;
    for (const [agent, node] of this.#nodes) {
      // Whoever is away is told as away: it says nothing at all.
      if (!isPresent(agent)) continue;
      node.silence.look(now());
      this.#changed(agent, node);
    }
  }

  statusOf(agent: string): SilenceStatus | undefined {
    return this.#nodes.get(agent)?.silence.status;
  }

  #changed(agent: string, node: Node): void {
    const { state, lastSeen, blindSince } = node.silence.status;
    const before = node.told;
    if (state === before) return;
    node.told = state;
    // The first that is seen is no news.
    if (state !== 'blind' && before !== 'blind') return;
    this.#options.log.warn({ node: node.node, state, lastSeen }, 'silence test');
    this.#options.tell({ type: 'canary', node: node.node, agent, state, lastSeen, blindSince });
    this.#keep(agent, node);
  }

  #keep(agent: string, { silence }: Node): void {
    void this.#options.store
      .saveSetting(settingOf(agent), JSON.stringify(silence.kept))
      .catch((err: unknown) => this.#options.log.warn({ err }, 'silence test not kept'));
  }

  #forgetOldest(): void {
    const [oldest] = this.#nodes.keys();
    if (oldest !== undefined) this.#nodes.delete(oldest);
  }
}

function settingOf(agent: string): string {
  return `canary ${agent}`;
}

/** Our own text, of this version or an earlier one: what is not as expected counts as nothing. */
function readKept(text: string | undefined): KeptSilence | undefined {
  if (text === undefined) return undefined;
  const value = parseJson(Buffer.from(text));
  if (typeof value !== 'object' || value === null) return undefined;
  const number = (name: string): number => Number(Reflect.get(value, name)) || 0;
  const recent: unknown = Reflect.get(value, 'recent');
  return {
    recent: Array.isArray(recent) ? recent.flatMap(readCanary) : [],
    lastSeen: number('lastSeen'),
    blindSince: number('blindSince'),
  };
}

function readCanary(value: unknown): readonly Canary[] {
  const nonce = String(Reflect.get(Object(value), 'nonce'));
  const act = canaryActs.find((a) => a === Reflect.get(Object(value), 'act'));
  return act === undefined || !canaryNonce.test(nonce) ? [] : [{ nonce, act }];
}
