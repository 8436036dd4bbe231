import type { Mode } from '../fingerprint/verdict.ts';
import type { Canaries } from './canaries.ts';
import { besideOf, type Presence } from './collector.ts';
import type { ResponsePolicy } from './core/decide.ts';
import { recordedSentence } from './core/reason-sentence.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Learning } from './learning.ts';
import type { AgentRow, Control, DriftStore, IncidentRow, WorkloadRow } from './ports.ts';
import type { Provisionals } from './provisionals.ts';
import type { Reactions } from './reactions.ts';
import type { StateLine } from './state-line.ts';
import type { Stopping } from './stopping.ts';
import type { StoreTrouble } from './store-trouble.ts';

export interface ControlParts {
  readonly store: DriftStore;
  readonly learning: Learning;
  readonly reactions: Reactions;
  readonly fingerprints: Fingerprints;
  readonly provisionals: Provisionals;
  readonly canaries: Canaries;
  readonly stopping: Stopping;
  readonly trouble: StoreTrouble;
  readonly present: ReadonlyMap<string, Presence>;
  readonly policy: { current: ResponsePolicy };
  readonly subscribe: (listener: (line: StateLine) => void) => () => void;
  readonly tell: (line: StateLine) => void;
  readonly about: {
    readonly id: string;
    readonly address: string;
    readonly startedAt: number;
    readonly version: string;
    readonly learnerKeyFile: string;
    readonly pid: number;
  };
}

/** What the local control socket can ask for. Answers are plain JSON; times in ms since the Unix epoch unless said. */
export function control(parts: ControlParts): Control {
  const { store, learning, reactions, fingerprints, provisionals, trouble, present, policy, about } = parts;
  return {
    status: async () => {
      const agents = await store.agents();
      return {
        ...about,
        mode: policy.current.mode,
        agents: agents.map((row) => ({
          ...describeAgent(row, present.get(row.hello.agent)),
          canary: parts.canaries.statusOf(row.hello.agent) ?? null,
          beside: present.has(row.hello.agent) ? besideOf(row.hello, present) : [],
        })),
        workloads: (await store.workloads()).length,
        documents: fingerprints.counts,
        provisional: provisionals.count,
        lost: { reactions: reactions.dropped },
        brakes: {
          disarmed: parts.stopping.disarms.all,
          held: parts.stopping.held.waiting,
          heldNotListed: parts.stopping.held.notListed,
          unknownInstances: reactions.unknownInstances,
        },
        retriedCommits: trouble.failures,
      };
    },
    workloads: async () => {
      const rows = await store.workloads();
      return { workloads: await Promise.all(rows.map((row) => describeWorkload(row, parts))) };
    },
    baseline: (hash) => learning.baseline(hash),
    incidents: async (limit) => ({ incidents: (await store.incidents({ limit })).map(describeIncident) }),
    addFingerprint: async (envelope) => {
      const added = await fingerprints.add(envelope);
      for (const { link } of present.values()) link.fingerprint(envelope);
      parts.tell({ type: 'fingerprint', ...added });
      return { ...added, agents: present.size };
    },
    setMode: async (mode: Mode) => {
      await store.saveSetting('mode', mode);
      policy.current = { ...policy.current, mode };
      parts.tell({ type: 'policy', mode });
      return { mode };
    },
    subscribe: parts.subscribe,
  };
}

function describeIncident({ decisions, ...row }: IncidentRow): object {
  return {
    ...row,
    decisions: decisions.map((d) => ({ ...d, detail: recordedSentence(d.action, d.reason) })),
  };
}

function describeAgent(row: AgentRow, presence: Presence | undefined): object {
  const { hello, stored, missing, refused, firstSeen, lastSeen } = row;
  return {
    ...hello,
    connected: presence !== undefined,
    lastHeard: presence?.heard ?? lastSeen,
    firstSeen,
    stored,
    missing,
    refused,
    ...(presence?.beat === undefined ? {} : { spool: presence.beat.spool, counters: presence.beat.counters }),
  };
}

async function describeWorkload(
  row: WorkloadRow,
  { learning, provisionals, fingerprints }: Pick<ControlParts, 'learning' | 'provisionals' | 'fingerprints'>,
): Promise<object> {
  const [readiness, learned] = await Promise.all([
    learning.readiness(row.hash),
    provisionals.describe(row.hash),
  ]);
  return { ...row, readiness, ...learned, ...fingerprints.describe(row.workload) };
}
