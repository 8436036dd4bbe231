import type { PolicyCheckReport } from '../collector/core/check-policy.ts';
import { parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import type { ResponsePolicy } from '../collector/core/response-policy.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import { Answer } from './answer.ts';
import { type ApiClient, memberOf } from './api-client.ts';
import { CliError, exitCodes } from './exit.ts';

/** A version of the response policy, as the collector told it. */
export interface ToldPolicy {
  readonly version: number;
  readonly policy: ResponsePolicy;
  readonly author: string;
  readonly reason: string;
  /** ms since the Unix epoch; 0: the configuration of the collector says it. */
  readonly setAt: number;
  /** The answer as it came, for scripts. */
  readonly answer: unknown;
}

const path = '/response-policy';

export async function policyInForce(collector: ApiClient): Promise<ToldPolicy> {
  return toldPolicy(collector, await collector.call({ method: 'GET', path }));
}

export async function policyHistory(collector: ApiClient, limit: number): Promise<readonly ToldPolicy[]> {
  return (await collector.list(`${path}/history`, {}, limit)).map((row) => toldPolicy(collector, row));
}

/** @param before the version it was made of: who changed it meanwhile must not be overruled unseen */
export async function setPolicy(
  collector: ApiClient,
  change:
    | { readonly policy: unknown; readonly reason: string }
    | { readonly version: number; readonly reason: string },
  before: number,
): Promise<ToldPolicy> {
  const headers = { 'if-match': `"${before}"` };
  const call =
    'policy' in change
      ? ({ method: 'PUT', path, body: change, headers } as const)
      : ({ method: 'POST', path: `${path}/again`, body: change, headers } as const);
  return toldPolicy(collector, await collector.call(call));
}

/** @param before the version whose mode it was */
export async function setMode(
  collector: ApiClient,
  change: { readonly mode: Mode; readonly reason: string },
  before: number,
): Promise<ToldPolicy> {
  const headers = { 'if-match': `"${before}"` };
  await collector.call({ method: 'POST', path: '/policy/mode', body: change, headers });
  return policyInForce(collector);
}

/** @param since ms since the Unix epoch */
export async function checkedPolicy(
  collector: ApiClient,
  policy: unknown,
  since: number,
): Promise<PolicyCheckReport> {
  const report = await collector.call({ method: 'POST', path: `${path}/check`, body: { policy, since } });
  if (isReport(report)) return report;
  throw new CliError(
    exitCodes.network,
    `${collector.where} answers with something that is no check of a policy`,
  );
}

function toldPolicy(collector: ApiClient, answer: unknown): ToldPolicy {
  const told = new Answer(answer);
  const parsed = parseResponsePolicy(memberOf(answer, 'policy'));
  if (parsed.kind === 'refused')
    throw new CliError(
      exitCodes.network,
      `the response policy of ${collector.where} cannot be read: ${parsed.problems[0]}`,
      'use the whorl of its release',
    );
  const by = told.at('by');
  return {
    version: told.number('version'),
    policy: parsed.policy,
    author: by.text('author'),
    reason: by.text('reason'),
    setAt: told.number('setAt'),
    answer,
  };
}

/** As much as its text is made of; a collector of another release may say more. */
function isReport(value: unknown): value is PolicyCheckReport {
  const isOutcome = (name: string) =>
    ['actions', 'braked'].every((m) => isObject(memberOf(memberOf(value, name), m)));
  const lists = ['stopped', 'spared', 'otherwise'];
  return (
    typeof memberOf(value, 'occurrences') === 'number' &&
    ['next', 'current'].every(
      (name) => isOutcome(name) && Array.isArray(memberOf(memberOf(value, name), 'rules')),
    ) &&
    lists.every((name) => Array.isArray(memberOf(memberOf(value, name), 'changes'))) &&
    ['idleRules', 'warnings'].every((name) => Array.isArray(memberOf(value, name)))
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
