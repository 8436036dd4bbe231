import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { backupAtRest, restore } from '../../../collector/maintenance.ts';
import { Child } from '../../fakes/children.ts';
import { FlakyProxy } from '../../fakes/flaky-proxy.ts';
import type { ManyAgents } from '../../fakes/many-agents-process.ts';
import { ChaosBook } from './chaos-book.ts';

const collectorProgram = new URL('../../fakes/collector-process.ts', import.meta.url);
/** Twice what the thousand that are kept take. */
const unfoldMs = 10_000;
const agentsProgram = new URL('../../fakes/many-agents-process.ts', import.meta.url);

export interface ChaosOptions {
  readonly processes: number;
  readonly agentsEach: number;
  readonly perSecond: number;
  readonly floodPerSecond: number;
  /** Of the collector, besides where it is. */
  readonly config: object;
  readonly random: () => number;
}

interface Group {
  readonly agents: ManyAgents['agents'];
  child: Child | undefined;
}

/** A collector, a network that fails, and processes full of agents; what they promised is in `book`. */
export class ChaosWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-chaos-'));
  readonly book = new ChaosBook();
  readonly proxy: FlakyProxy;
  readonly groups: readonly Group[];
  readonly #options: ChaosOptions;
  readonly #drained = new Set<string>();
  readonly #connected = new Set<string>();
  #collector: Child | undefined;
  #ready: Record<string, unknown> = {};
  #told: (() => void)[] = [];
  kills = 0;

  static async start(options: ChaosOptions): Promise<ChaosWorld> {
    const world = new ChaosWorld(options, await FlakyProxy.listen(options.random));
    try {
      await world.startCollector();
    } catch (error) {
      await world.close();
      throw error;
    }
    world.proxy.target = String(world.#ready.address);
    for (const group of world.groups) world.startAgents(group);
    return world;
  }

  private constructor(options: ChaosOptions, proxy: FlakyProxy) {
    const { processes, agentsEach, perSecond, floodPerSecond } = options;
    this.#options = options;
    this.proxy = proxy;
    this.groups = Array.from({ length: processes }, (_p, p) => ({
      agents: Array.from({ length: agentsEach }, (_a, a) => {
        const floods = p === 0 && a === 0;
        return { node: `node-${p}-${a}`, floods, perSecond: floods ? floodPerSecond : perSecond };
      }),
      child: undefined,
    }));
  }

  get database(): string {
    return join(this.dir, 'collector', 'whorl.db');
  }

  async startCollector(): Promise<void> {
    const listen = this.#ready.address ?? '127.0.0.1:0';
    const tells = ['collector-ready', 'node-incident', 'agent'];
    this.#connected.clear();
    const config = {
      dataDir: this.dir,
      listen,
      eventsJson: true,
      logLevel: 'error',
      tells,
      ...this.#options.config,
    };
    this.#collector = new Child(collectorProgram, config, (line) => {
      if (line.type === 'agent') this.#connected.add(String(line.node));
      this.book.heardFromCollector(line);
      this.#wake();
    });
    this.#ready = await this.#collector.line((line) => line.type === 'collector-ready');
  }

  async killCollector(): Promise<void> {
    this.kills += 1;
    this.#collector?.kill('SIGKILL');
    await this.#collector?.ended();
  }

  async killAgents(group: Group): Promise<void> {
    this.kills += 1;
    group.child?.kill('SIGKILL');
    await group.child?.ended();
  }

  startAgents(group: Group, agents = group.agents): void {
    const { caFile, commandKeyFile } = this.#ready;
    const about = {
      dir: join(this.dir, 'agents'),
      address: this.proxy.address,
      caFile,
      commandKeyFile,
      agents,
    };
    group.child = new Child(agentsProgram, about, (line) => {
      if (typeof line.drained === 'string') this.#drained.add(line.drained);
      this.book.heardFromAgents(line);
      this.#wake();
    });
  }

  /** Of the collector as it is killed: what a backup of a machine that lost its power would hold. */
  async backUp(file: string): Promise<void> {
    await this.killCollector();
    await backupAtRest(this.dir, { out: file, withKeys: false, release: 'test' });
    await this.startCollector();
  }

  async restore(file: string): Promise<void> {
    await this.killCollector();
    const by = { author: 'local:test', reason: 'the disk is gone' };
    await restore(this.dir, { file, ...by, withKeys: false, dryRun: false });
    this.book.restored();
    await this.startCollector();
  }

  /** Ends the load, lets everything be delivered, then ends the collector properly. */
  async drain(): Promise<void> {
    this.proxy.up();
    for (const group of this.groups) await this.killAgents(group);
    this.#drained.clear();
    for (const group of this.groups) {
      this.startAgents(
        group,
        group.agents.map((agent) => ({ ...agent, perSecond: 0 })),
      );
    }
    const all = this.groups.flatMap(({ agents }) => agents);
    await this.#until(() => all.every(({ node }) => this.#drained.has(node)));
    // What a flood had folded is given out some hundred a second; a collector that is started anew goes on with it.
    while ((await this.#endCollector()) > 0) {
      await this.startCollector();
      await this.#until(() => this.#connected.size === all.length);
      await sleep(unfoldMs);
    }
    for (const { child } of this.groups) child?.kill('SIGTERM');
    for (const { child } of this.groups) await child?.ended();
  }

  /** @returns how many incidents of a flood it leaves folded */
  async #endCollector(): Promise<number> {
    this.#collector?.kill('SIGTERM');
    const code = await this.#collector?.ended();
    if (code !== 0) throw new Error(`the collector ended with ${code}: ${this.#collector?.said}`);
    const db = new Sqlite(this.database, { readonly: true });
    const folded = db.prepare<[], number>('SELECT count(*) FROM flooded').pluck().get() ?? 0;
    db.close();
    return folded;
  }

  async close(): Promise<void> {
    for (const child of [this.#collector, ...this.groups.map((group) => group.child)]) {
      child?.kill('SIGKILL');
      await child?.ended();
    }
    await this.proxy.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#told.push(resolve));
  }

  #wake(): void {
    for (const wake of this.#told.splice(0)) wake();
  }
}
