import { sha256Hex } from '../fingerprint/digest.ts';
import type { Response } from '../fingerprint/response.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import { type Workload, workloadKey } from '../fingerprint/workload.ts';
import type { BrakeLimits } from './core/brake-limits.ts';
import type { Wish } from './core/leases.ts';
import type { Disarms } from './disarms.ts';
import type { CopiesStore, LeaseCopies } from './ports/brakes.ts';
import type { AgentBeat, AgentLink, Log } from './ports.ts';
import type { SettlingNodes } from './settling.ts';
import { nameOf } from './surroundings.ts';

/** A workload that agents may be trusted with: approved by a person for freeze or kill, wished so by policy, not protected. */
export interface Trusted {
  readonly workload: Workload;
  readonly response: Response;
  readonly maxMode: Extract<Mode, 'freeze' | 'kill'>;
}

/** Workloads that leases are thought of at a time: a look asks the database about each. */
const maxTrusted = 1_000;

export interface WishOptions {
  readonly copies: Pick<CopiesStore, 'held'>;
  readonly limits: () => BrakeLimits;
  /** Asked anew at each look; without those that a dry run is about. */
  readonly trusted: () => Promise<readonly Trusted[]>;
  readonly present: ReadonlyMap<string, { readonly link: AgentLink; readonly beat: AgentBeat | undefined }>;
  /** The way to hand one to an agent; undefined for agents that know no leases. */
  readonly leaseOf: (agent: string) => ((envelope: Uint8Array) => void) | undefined;
  readonly disarms: Pick<Disarms, 'over'>;
  readonly settling: Pick<SettlingNodes, 'isSettling'>;
  readonly now: () => number;
  readonly log: Log;
}

/** Which connected agents may be trusted with stops of which workloads at this moment. @param out copies that serve nobody */
export async function wishesFor(options: WishOptions, out: ReadonlySet<string>): Promise<readonly Wish[]> {
  const { trusted, copies, disarms, log } = options;
  const all = (await trusted()).filter(({ workload }) => disarms.over(workload) === undefined);
  if (all.length > maxTrusted)
    log.warn(
      { workloads: all.length, most: maxTrusted },
      'too many workloads for leases; the rest is ordered',
    );
  const byHash = new Map(all.slice(0, maxTrusted).map((t) => [hashOf(t.workload), t]));
  const held = await copies.held([...byHash.keys()]);
  return [...Map.groupBy(held, (row) => row.hash)].flatMap(([hash, rows]) => {
    const about = byHash.get(hash);
    return about === undefined ? [] : wishesOf(options, about, rows, out);
  });
}

function wishesOf(
  { present, leaseOf, settling, limits, now }: WishOptions,
  { workload, response, maxMode }: Trusted,
  rows: readonly LeaseCopies[],
  out: ReadonlySet<string>,
): Wish[] {
  const reachable = rows.filter((row) => present.has(row.agent));
  const serving = reachable.flatMap((row) =>
    row.instances.filter((instance) => !out.has(nameOf(row.agent, instance))),
  ).length;
  return reachable.flatMap((row) => {
    const agent = present.get(row.agent);
    // Without a beat it is not known what its spool has lost: its leases could never be settled.
    if (agent?.beat === undefined || leaseOf(row.agent) === undefined) return [];
    const { session, cluster } = agent.link.hello;
    if (settling.isSettling(agent.link.hello) || now() - row.firstSeen < limits().rolloutMs) return [];
    const inCluster = [...present.values()].filter(({ link }) => link.hello.cluster === cluster);
    const about = { agent: row.agent, session, workload: workloadKey(workload), response, maxMode };
    return [
      {
        ...about,
        copies: row.instances.length,
        onNode: row.onNode,
        serving,
        ofOwner: row.ofOwner,
        agentsOfWorkload: reachable.length,
        agentsInCluster: inCluster.length,
      },
    ];
  });
}

function hashOf(workload: Workload): string {
  return sha256Hex(Buffer.from(workloadKey(workload)));
}
