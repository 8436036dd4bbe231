import { printable } from '../fingerprint/printable.ts';
import { Answer } from './answer.ts';
import { CliError, exitCodes } from './exit.ts';

/** The name of a node or cluster, as certificates can say it. */
const plainName = /^(?!\.{1,2}$)[0-9A-Za-z._-]{1,253}$/;

export function isPlainName(name: string): boolean {
  return plainName.test(name);
}

/**
 * The one agent a person means: by node, UID, `CLUSTER/NODE`, or, where `mayPrefix`, by a beginning that fits one alone.
 * @param cluster where given, agents of that cluster alone
 * @returns undefined when none is called so
 * @throws CliError when several are
 */
export function chosenAgent(
  rows: readonly unknown[],
  given: string,
  {
    cluster,
    mayPrefix = false,
  }: { readonly cluster?: string | undefined; readonly mayPrefix?: boolean } = {},
): Answer | undefined {
  const agents = rows
    .map((row) => new Answer(row))
    .filter((agent) => cluster === undefined || agent.text('cluster') === cluster);
  const exact = agents.filter((agent) => namesOf(agent).includes(given));
  const found =
    exact.length > 0 || !mayPrefix ? exact : agents.filter((a) => a.text('node').startsWith(given));
  if (found.length <= 1) return found[0];
  const names = found.slice(0, 5).map((agent) => printable(agent.text('id'), 300).replace(':', '/'));
  throw new CliError(
    exitCodes.usage,
    `${found.length} agents are called so: ${names.join(', ')}`,
    'name one as CLUSTER/NODE',
  );
}

function namesOf(agent: Answer): readonly string[] {
  const [cluster, node, id] = [agent.text('cluster'), agent.text('node'), agent.text('id')];
  return [node, `${cluster}/${node}`, id, id.replace(':', '/'), agent.text('uid')].filter((n) => n !== '');
}
