import { FingerprintError } from '../fingerprint/errors.ts';
import type { Phase } from '../fingerprint/phase.ts';
import type { Readiness } from '../fingerprint/readiness.ts';
import type { Report } from '../fingerprint/report.ts';
import { formatTimestamp } from '../fingerprint/timestamp.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { fingerprintIn } from './beforehand.ts';
import type { Beforehand } from './core/baselines.ts';
import { provisionalBaseline, withStarts } from './core/provisional-baseline.ts';
import type { AgentLink, DriftStore, LearnedWorkload, Learner, Log, ProvisionalRow } from './ports.ts';
import type { StateLine } from './state-line.ts';

export interface ProvisionalsOptions {
  readonly store: Pick<
    DriftStore,
    'provisional' | 'provisionals' | 'provisionalsOf' | 'saveProvisional' | 'agentsOf'
  >;
  readonly learner: Learner;
  /** Why what was signed for a workload is refused: what it does must not become normal. */
  readonly refusal: (workload: Workload) => string | undefined;
  readonly linkOf: (agent: string) => AgentLink | undefined;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** An agent whose policy was mended gets what it refused before within this time. */
const resendAfterMs = 600_000;
/** Pairs of agent and workload whose last sending is remembered. */
const maxRemembered = 20_000;

/**
 * What was learned alerts on its own (DESIGN §5): a ready baseline is signed with the learner's key and handed to the
 * agents that run the workload. Signed once for each phase that becomes known; what is new after that is drift.
 */
export class Provisionals {
  readonly #options: ProvisionalsOptions;
  /** Workloads that have one. */
  #signed = new Set<string>();
  /** Why one could not be signed, for a person. */
  readonly #refused = new Map<string, string>();
  readonly #sent = new Map<string, number>();

  constructor(options: ProvisionalsOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    this.#signed = new Set(await this.#options.store.provisionals());
  }

  get count(): number {
    return this.#signed.size;
  }

  /** What a person is told of it. */
  async describe(hash: string): Promise<object> {
    const row = this.#signed.has(hash) ? await this.#options.store.provisional(hash) : undefined;
    const refused = this.#refused.get(hash);
    return {
      ...(row === undefined
        ? {}
        : { provisional: { version: row.version, phases: row.phases, signedAt: row.signedAt } }),
      ...(refused === undefined ? {} : { notSigned: refused }),
    };
  }

  /** Signs what has become known, and hands it out. */
  async consider(learned: LearnedWorkload, beforehand: Beforehand, { phases }: Readiness): Promise<void> {
    const hash = workloadHash(learned.workload);
    const { store, log, refusal } = this.#options;
    if (refusal(learned.workload) !== undefined) return;
    const last = await store.provisional(hash);
    if (phases.every((p) => last?.phases.includes(p))) return;
    try {
      const row = this.#sign(hash, learned, beforehand, { phases, last });
      await store.saveProvisional(hash, row);
      this.#refused.delete(hash);
      this.#signed.add(hash);
      this.#tell(hash, learned.workload, row);
      await this.#handOut(hash, row.envelope);
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      const reason = `${error.field === '' ? '' : `${error.field} `}${error.message} (${error.code})`;
      if (this.#refused.size < maxRemembered) this.#refused.set(hash, reason);
      log.warn({ workload: hash, reason }, 'what was learned cannot be signed');
    }
  }

  #sign(
    hash: string,
    learned: LearnedWorkload,
    beforehand: Beforehand,
    { phases, last }: { readonly phases: readonly Phase[]; readonly last: ProvisionalRow | undefined },
  ): ProvisionalRow {
    const { learner, now } = this.#options;
    const signedAt = now();
    const baseline =
      last === undefined
        ? provisionalBaseline(learned, beforehand, phases)
        : withStarts(fingerprintIn(last.envelope), learned, beforehand);
    const version = (last?.version ?? 0) + 1;
    const envelope = learner.sign(baseline, { workload: hash, version, issuedAt: formatTimestamp(signedAt) });
    return { version, phases, signedAt, envelope };
  }

  #tell(hash: string, workload: Workload, { version, phases }: ProvisionalRow): void {
    this.#options.log.info({ workload: hash, version, phases }, 'provisional fingerprint signed');
    this.#options.tell({ type: 'provisional', hash, workload, version, phases });
  }

  async #handOut(hash: string, envelope: Uint8Array): Promise<void> {
    const { store, linkOf } = this.#options;
    for (const agent of await store.agentsOf(hash)) {
      const link = linkOf(agent);
      if (link !== undefined) this.#send(link, hash, envelope);
    }
  }

  /** Everything an agent that has just connected needs: the copies it runs were told of before. */
  async sendAll(link: AgentLink): Promise<void> {
    for (const envelope of await this.#options.store.provisionalsOf(link.hello.agent))
      link.fingerprint(envelope);
  }

  /** A copy appeared, or one is still learned that could be judged: its agent may lack what is in force. */
  async reported(link: AgentLink, report: Extract<Report, { type: 'instance' | 'support' }>): Promise<void> {
    const hash = workloadHash(report.workload);
    if (!this.#signed.has(hash) || this.#wasSentLately(link, hash)) return;
    if (report.type === 'instance' && report.state === 'exited') return;
    const row = await this.#options.store.provisional(hash);
    if (row === undefined) return;
    // While starts are learned a copy tells of its daily work too.
    const isJudged = report.type === 'support' && !row.phases.includes('start');
    if (!isJudged) this.#send(link, hash, row.envelope);
  }

  #wasSentLately({ hello }: AgentLink, hash: string): boolean {
    const at = this.#sent.get(`${hello.agent}\n${hello.session}\n${hash}`);
    return at !== undefined && this.#options.now() - at < resendAfterMs;
  }

  #send(link: AgentLink, hash: string, envelope: Uint8Array): void {
    const { agent, session } = link.hello;
    if (this.#sent.size >= maxRemembered) this.#sent.clear();
    this.#sent.set(`${agent}\n${session}\n${hash}`, this.#options.now());
    link.fingerprint(envelope);
  }
}
