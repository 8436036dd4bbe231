import { highestMode, type Mode, minMode } from '../fingerprint/verdict.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { leaseResponse, type ResolvedRule, type ResponseLimits } from './core/response-policy.ts';
import type { Fingerprints } from './fingerprints.ts';
import type { Trusted } from './lease-wishes.ts';
import type { DriftStore } from './ports.ts';
import type { ResponsePolicies } from './response-policies.ts';

/** Workloads are counted anew this often; what people sign or wish counts at once. */
const keptMs = 15_000;

export interface TrustedWorkloadsOptions {
  readonly store: Pick<DriftStore, 'workloads'>;
  readonly fingerprints: Pick<Fingerprints, 'approvedMode' | 'changes'>;
  readonly policies: Pick<ResponsePolicies, 'decisions'>;
  readonly now: () => number;
}

/**
 * Workloads of which agents may be trusted with a stop: a person approved it for them, the response policy wishes it, and
 * nothing about them is only rehearsed. How far each agent goes is for it to say: it has verified the approval itself.
 */
export class TrustedWorkloads {
  readonly #options: TrustedWorkloadsOptions;
  #known: readonly Trusted[] = [];
  #at = Number.NEGATIVE_INFINITY;
  #basis: unknown;
  #changes = -1;

  constructor(options: TrustedWorkloadsOptions) {
    this.#options = options;
  }

  async all(): Promise<readonly Trusted[]> {
    const { store, fingerprints, policies, now } = this.#options;
    const isSame = this.#basis === policies.decisions && this.#changes === fingerprints.changes;
    if (isSame && now() - this.#at < keptMs) return this.#known;
    const [basis, changes] = [policies.decisions, fingerprints.changes];
    const rows = await store.workloads();
    this.#known = rows.filter((row) => row.running > 0).flatMap(({ workload }) => this.#trusted(workload));
    [this.#at, this.#basis, this.#changes] = [now(), basis, changes];
    return this.#known;
  }

  #trusted(workload: Workload): Trusted[] {
    const { fingerprints, policies } = this.#options;
    const approved = fingerprints.approvedMode(workload);
    const resolved = policies.decisions.resolve(workload);
    if (approved === undefined || resolved.protected) return [];
    const stopping = resolved.response.rules.filter((rule) => isStopping(rule) && !rule.dryRun);
    // A rule with brakes of its own is braked where its decisions are made.
    const { limits } = policies.decisions.policy;
    if (stopping.length === 0 || stopping.some((rule) => !isSameLimits(rule.limits, limits))) return [];
    const wished = stopping.map((rule) => rule.mode).reduce((a, b) => highestMode(a, b));
    const maxMode = leaseMode(minMode(approved, wished));
    return maxMode === undefined ? [] : [{ workload, response: leaseResponse(resolved), maxMode }];
  }
}

function isStopping({ mode }: ResolvedRule): boolean {
  return leaseMode(mode) !== undefined;
}

function leaseMode(mode: Mode): Trusted['maxMode'] | undefined {
  return mode === 'freeze' || mode === 'kill' ? mode : undefined;
}

function isSameLimits(a: ResponseLimits, b: ResponseLimits): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
