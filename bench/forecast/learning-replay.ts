import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import type { AgentHello, LearnedWorkload } from '../../collector/ports.ts';
import type { Report } from '../../fingerprint/report.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { workloadHash } from '../../fingerprint/workload-hash.ts';

/** One owner for all environments: a forecast is about one workload, wherever its copies ran. */
const workload: Workload = {
  cluster: 'bench',
  namespace: 'bench',
  owner: 'Deployment/daemon',
  container: 'main',
  role: 'main',
  subject: { name: 'registry.example/corpus/daemon', digest: `sha256:${'c'.repeat(64)}` },
};

/** Recordings as one history of learning, kept by the collector's own store: each begins where the last one ended. */
export class LearningReplay {
  readonly #store: SqliteStore;
  #seq = 0;
  #agents = 0;
  #now = 0;

  static async open(file: string): Promise<LearningReplay> {
    return new LearningReplay(await SqliteStore.open(file));
  }

  private constructor(store: SqliteStore) {
    this.#store = store;
  }

  async add(reports: readonly Report[]): Promise<void> {
    this.#agents += 1;
    const hello: AgentHello = {
      agent: `agent-${this.#agents}`,
      node: `node-${this.#agents}`,
      cluster: workload.cluster,
      session: 'bench',
      version: 'bench',
      source: 'sensor',
      coverage: [],
      acked: 0,
    };
    await this.#store.openAgent(hello, 1);
    const told = reports.filter(isLearning);
    const shift = this.#now === 0 ? 0 : this.#now - Math.min(...told.flatMap(timesOf));
    const moved = told.map((r) => move(r, shift, hello.node));
    this.#now = Math.max(this.#now, ...moved.flatMap(timesOf));
    // Whoever ran at the end of a recording is not watched any longer.
    const copies = moved.flatMap((r) => (r.type === 'instance' ? [r] : []));
    const running = new Map(copies.map((r) => [r.instance.id, r]));
    const ended = [...running.values()]
      .filter((r) => r.state !== 'exited')
      .map((r): Told => ({ ...r, state: 'exited', time: this.#now }));
    const records = [...moved, ...ended].map((report) => {
      this.#seq += 1;
      return { seq: this.#seq, report, json: Buffer.from(reportBytes(report)).toString() };
    });
    await this.#store.ingest(
      { hello: { ...hello, acked: records[0] === undefined ? 0 : records[0].seq - 1 }, records },
      1,
    );
  }

  async end(): Promise<{ workload: LearnedWorkload; now: number }> {
    const learned = await this.#store.learned(workloadHash(workload));
    if (learned === undefined) throw new Error('the recordings show nothing');
    return { workload: learned, now: this.#now };
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

type Told = Extract<Report, { type: 'instance' | 'novelty' | 'support' }>;

function isLearning(r: Report): r is Told {
  return r.type === 'instance' || r.type === 'novelty' || r.type === 'support';
}

function timesOf(r: Told): number[] {
  return r.type === 'support' ? [r.since, r.until] : [r.time];
}

function move(r: Told, by: number, node: string): Told {
  switch (r.type) {
    case 'support':
      return { ...r, workload, since: r.since + by, until: r.until + by };
    case 'novelty':
      return { ...r, workload, time: r.time + by };
    case 'instance': {
      const instance = { ...r.instance, node, startedAt: r.instance.startedAt + by };
      return { ...r, workload, instance, time: r.time + by };
    }
  }
}
