import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCgroup2Mount } from '../../agent/adapters/linux/cgroup-fs.ts';
import { readStat, startOf } from '../../agent/adapters/linux/process-proc.ts';
import { AgentProcess } from './agent.ts';
import { fakeDocker } from './docker.ts';
import { type Copy, type FleetSize, fleet, type RealProcess } from './fleet.ts';
import { type Shares, usualShares } from './mixture.ts';
import { rssMibOf, ServerProcess } from './process.ts';
import { makeShipped } from './shipped.ts';
import { makeFingerprints } from './signed.ts';
import type { Fields } from './tracee-frames.ts';

export interface RunOptions {
  readonly shares?: Shares;
  /** Further keys of the agent's configuration. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** A source and the agent that reads it; every copy has begun and is judged. */
export interface Running {
  readonly server: ServerProcess;
  readonly agent: AgentProcess;
  /** Where others may read the same stream. */
  readonly socket: string;
  /** Messages sent so far. */
  readonly begun: number;
  /** With all fingerprints in force, before the first event. */
  readonly idleMib: number;
}

/** Rounds until everything is known: three where nothing had to be let go. */
const mostRounds = 12;
/** The few whose marks are another's (act-dictionary.ts) come in later. */
const knownShare = 0.98;

/** What does not change from one agent to the next: the shipped program, fingerprints, control groups, Docker. */
export class BenchNode {
  readonly copies: readonly Copy[];
  readonly #dir = mkdtempSync(join(tmpdir(), 'whorl-ingest-'));
  readonly #real: RealProcess;
  readonly #living: ChildProcess;
  readonly #size: FleetSize;
  readonly #groups: string;
  #launcher = '';
  #docker: Server | undefined;
  #entries = 0;
  #runs = 0;

  private constructor(size: FleetSize) {
    this.#size = size;
    // It ends with us: its stdin closes then.
    this.#living = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    this.#real = realProcess(this.#living.pid ?? 0);
    this.copies = fleet(size, this.#real.startedAt);
    this.#groups = makeGroups(this.copies);
  }

  static async make(size: FleetSize): Promise<BenchNode> {
    const node = new BenchNode(size);
    try {
      node.#launcher = makeShipped(join(node.#dir, 'whorl'));
      node.#entries = await makeFingerprints(node.agentDir, node.copies);
      node.#docker = await fakeDocker(join(node.#dir, 'docker.sock'), node.copies);
      return node;
    } catch (error) {
      node.close();
      throw error;
    }
  }

  /** Of all fingerprints together. */
  get entries(): number {
    return this.#entries;
  }

  get agentDir(): string {
    return join(this.#dir, 'data', 'agent');
  }

  async start(fields: Fields, { shares = usualShares, set = {} }: RunOptions = {}): Promise<Running> {
    this.#runs += 1;
    const socket = join(this.#dir, `tracee-${this.#runs}.sock`);
    const server = await ServerProcess.start({
      socket,
      size: this.#size,
      real: this.#real,
      fields,
      shares,
      version: 'v0.24.1',
    });
    // What the agent does on purpose, to be seen, is nothing this Tracee could see.
    const asked = { sourceMask: fields === 'masked' ? 'auto' : 'off', canarySeconds: 0, ...set };
    const agent = await AgentProcess.start(
      {
        launcher: this.#launcher,
        dataDir: join(this.#dir, 'data'),
        tracee: socket,
        docker: join(this.#dir, 'docker.sock'),
        set: asked,
      },
      this.copies.length,
    );
    const idleMib = rssMibOf(agent.pid);
    return { server, agent, socket, begun: await acquaint(server, agent), idleMib };
  }

  close(): void {
    this.#docker?.close();
    this.#living.kill('SIGKILL');
    removeGroups(this.#groups);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Until a round brings nothing new: what is measured then is the daily work. @returns messages sent */
async function acquaint(server: ServerProcess, agent: AgentProcess): Promise<number> {
  let { sent } = await server.ask({ do: 'begin' });
  for (let round = 0; round < mostRounds; round++) {
    const before = await agent.counters();
    const again = await server.ask({ do: 'again' });
    sent += again.sent;
    const after = await agent.counters();
    const shed = (after['lost.shed'] ?? 0) - (before['lost.shed'] ?? 0);
    const skipped = (after['tracee.skipped'] ?? 0) - (before['tracee.skipped'] ?? 0);
    if (shed === 0 && skipped > again.sent * knownShare) return sent;
  }
  throw new Error(`not all is known after ${mostRounds} rounds: ${JSON.stringify(await agent.counters())}`);
}

function realProcess(pid: number): RealProcess {
  const stat = readStat(pid);
  if (stat === undefined) throw new Error('a process that was started is not there');
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
  return { pid, startedAt: Math.round(Date.now() * 1000 - uptime * 1e6 + startOf(stat)) };
}

/** What somebody else removed is removed. */
function removeGroups(groups: string): void {
  if (!existsSync(groups)) return;
  for (const entry of readdirSync(groups, { withFileTypes: true }))
    if (entry.isDirectory()) rmdirSync(join(groups, entry.name));
  rmdirSync(groups);
}

/** Empty control groups with the names Docker gives: where a copy lives is looked up, who lives there is told. */
function makeGroups(copies: readonly Copy[]): string {
  const mount = findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) throw new Error('no cgroup2 file system is mounted');
  const groups = join(mount, `whorl-ingest-${process.pid}`);
  mkdirSync(groups);
  for (const { scope } of copies) mkdirSync(join(groups, scope));
  return groups;
}
