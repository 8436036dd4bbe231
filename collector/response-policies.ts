import type { Mode } from '../fingerprint/verdict.ts';
import { workloadKey } from '../fingerprint/workload.ts';
import type { Surroundings } from './core/brakes.ts';
import { checkPolicy, type Occurrence, type PolicyCheckReport } from './core/check-policy.ts';
import { PolicyDecisions } from './core/decide.ts';
import { parseResponsePolicy } from './core/parse-response-policy.ts';
import type { ResponsePolicy } from './core/response-policy.ts';
import type { Scope } from './ports/access.ts';
import type { Copies, CopiesStore } from './ports/brakes.ts';
import {
  type By,
  type PolicyInForce,
  PolicyRefused,
  type PolicyRow,
  type ResponsePolicyStore,
} from './ports/response-policy.ts';
import { type DriftStore, type OccurrenceRow, StoreError } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Incidents that a check looks at: as many as are read from the store at once without holding up ingest for seconds. */
const maxChecked = 5_000;
const maxReasonLength = 1024;

export interface ResponsePoliciesOptions {
  readonly store: ResponsePolicyStore;
  readonly drifts: Pick<DriftStore, 'occurrences'>;
  readonly copies: Pick<CopiesStore, 'around'>;
  readonly beginning: ResponsePolicy;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly tell: (line: StateLine) => void;
  /** Told after the new version is durable; the table itself is the history. */
  readonly audit: { record(entry: PolicyAuditEntry): Promise<unknown> };
}

export interface PolicyAuditEntry extends By {
  readonly type: 'policy-changed';
  /** The new version. */
  readonly about: string;
  readonly detail: { readonly version: number; readonly before: number; readonly policy: ResponsePolicy };
}

/** What the site wishes to happen on drift, and every earlier wish: set by people, one version after the other. */
export class ResponsePolicies {
  readonly #options: ResponsePoliciesOptions;
  #inForce: PolicyInForce;
  #decisions: PolicyDecisions;
  /** One change after the other: each is made of the version before it. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: ResponsePoliciesOptions) {
    this.#options = options;
    this.#inForce = { version: 0, policy: options.beginning, setAt: 0 };
    this.#decisions = new PolicyDecisions(options.beginning);
  }

  /**
   * What was set before a restart is in force again.
   * @throws StoreError when it cannot be read: to go on with another could stop what must not be stopped
   */
  async restore(): Promise<void> {
    const [newest] = await this.#options.store.history({ limit: 1 });
    if (newest !== undefined) this.#follow(readRow(newest));
  }

  get current(): ResponsePolicy {
    return this.#inForce.policy;
  }

  get inForce(): PolicyInForce {
    return this.#inForce;
  }

  /** What decides: the policy in force, worked out once for each workload. */
  get decisions(): PolicyDecisions {
    return this.#decisions;
  }

  /**
   * A new version, in force at once.
   * @param document parsed JSON of unknown origin
   * @param ifMatch the version it was made of
   * @throws PolicyRefused
   */
  async set(
    document: unknown,
    by: By,
    ifMatch: number,
  ): Promise<PolicyInForce & { readonly warnings: readonly string[] }> {
    const parsed = parseResponsePolicy(document);
    if (parsed.kind === 'refused') throw new PolicyRefused('invalid', parsed.problems);
    const set = await this.#oneByOne(() => this.#add(parsed.policy, by, ifMatch));
    return { ...set, warnings: parsed.warnings };
  }

  /** The policy in force with another mode for whatever no rule is about. @throws PolicyRefused */
  setMode(mode: Mode, by: By, ifMatch: number): Promise<PolicyInForce> {
    return this.#oneByOne(() => this.#add({ ...this.current, mode }, by, ifMatch));
  }

  /** Undo: an earlier version once more, as a new one. 0 is what the configuration says. @throws PolicyRefused */
  setAgain(version: number, by: By, ifMatch: number): Promise<PolicyInForce> {
    return this.#oneByOne(async () => {
      const earlier = await this.#version(version);
      return this.#add(earlier, by, ifMatch);
    });
  }

  /** Newest first, without what the configuration says. @param before only versions below it */
  async history(page: {
    readonly before?: number;
    readonly limit: number;
  }): Promise<readonly PolicyInForce[]> {
    return (await this.#options.store.history(page)).map(readRow);
  }

  /**
   * What would have happened under another policy, from the incidents that were active since then.
   * @param since ms since the Unix epoch
   * @param scope whoever asks sees no incident outside it, so the check looks at none
   * @throws PolicyRefused
   */
  async check(document: unknown, since: number, scope?: Scope): Promise<PolicyCheckReport> {
    const parsed = parseResponsePolicy(document);
    if (parsed.kind === 'refused') throw new PolicyRefused('invalid', parsed.problems);
    const rows = await this.#options.drifts.occurrences({
      activeAfter: since * 1000,
      limit: maxChecked + 1,
      ...(scope === undefined ? {} : { scope }),
    });
    const check = checkPolicy(parsed.policy, this.current, await this.#around(rows.slice(0, maxChecked)));
    return { ...check, isCut: rows.length > maxChecked, warnings: parsed.warnings };
  }

  async #around(rows: readonly OccurrenceRow[]): Promise<readonly Occurrence[]> {
    const known = new Map<string, Copies>();
    const occurrences: Occurrence[] = [];
    for (const { incident, agent } of rows) {
      const { workload, instance } = incident;
      const key = `${agent}\n${workloadKey(workload)}`;
      const copies = known.get(key) ?? (await this.#options.copies.around(agent, workload, instance.id));
      known.set(key, copies);
      occurrences.push({ incident, ...asOfToday(agent, instance.id, copies) });
    }
    return occurrences;
  }

  async #version(version: number): Promise<ResponsePolicy> {
    if (version === 0) return this.#options.beginning;
    const row = await this.#options.store.version(version);
    if (row !== undefined) return readRow(row).policy;
    throw new PolicyRefused('no-such-version', [
      `there is no version ${version} of the response policy; the newest is ${this.#inForce.version}`,
    ]);
  }

  async #add(policy: ResponsePolicy, by: By, ifMatch: number): Promise<PolicyInForce> {
    const { store, now, tell, audit } = this.#options;
    const before = this.#inForce.version;
    const reason = by.reason.trim();
    if (reason === '' || reason.length > maxReasonLength)
      throw new PolicyRefused('no-reason', [`reason must be a text of 1 to ${maxReasonLength} characters`]);
    const version = before + 1;
    const setAt = now();
    const row = { version, document: JSON.stringify(policy), author: by.author, reason, setAt };
    if (ifMatch !== before || !(await store.add(row)))
      throw new PolicyRefused('changed', [
        `the response policy was changed meanwhile: version ${before} is in force and this one was made of version ${ifMatch}; look at what changed, then set it again`,
      ]);
    this.#follow({ version, policy, by: { author: by.author, reason }, setAt });
    await audit.record({
      type: 'policy-changed',
      author: by.author,
      about: `response policy ${version}`,
      reason,
      detail: { version, before, policy },
    });
    tell({ type: 'policy', mode: policy.mode, version, author: by.author });
    return this.#inForce;
  }

  #follow(inForce: PolicyInForce): void {
    this.#inForce = inForce;
    this.#decisions = new PolicyDecisions(inForce.policy);
  }

  /** A change that fails does not keep the next from being made. */
  #oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(change);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

function readRow({ version, document, author, reason, setAt }: PolicyRow): PolicyInForce {
  const parsed = parseResponsePolicy(asJson(document));
  if (parsed.kind === 'policy') return { version, policy: parsed.policy, by: { author, reason }, setAt };
  throw new StoreError(
    'broken',
    `version ${version} of the response policy in the database cannot be read (${parsed.problems[0]}); start the release of whorl that wrote it, or restore a copy of the database`,
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What runs today stands for what ran then; that a digest was new or a node had changed is not known any more. */
function asOfToday(agent: string, instance: string, { onNode, ofOwner, ofWorkload }: Copies): Surroundings {
  const agents = new Set([agent, ...ofWorkload.map((copy) => copy.agent)]).size;
  return {
    agent,
    session: '',
    hasActed: true,
    onNode,
    ofOwner,
    others: ofWorkload.filter((copy) => copy.agent !== agent || copy.instance !== instance).length,
    agentsOfWorkload: agents,
    agentsInCluster: agents,
    isRollout: false,
    isSettling: false,
  };
}
