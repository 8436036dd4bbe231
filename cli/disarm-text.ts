import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import { Answer } from './answer.ts';
import { counted } from './known-file.ts';

/** Where this very agent stops nothing new, and why. */
export function disarmedHere(agent: unknown): readonly string[] {
  return new Answer(agent).list('disarms').map((disarm) => printable(disarm.text('detail'), 600));
}

/** What is wrong with the labels that disarm namespaces; undefined where they are seen, or where nobody is asked. */
export function labelTrouble(agent: unknown): string | undefined {
  const labels = new Answer(agent).at('disarmLabels');
  const refused = labels.number('refused');
  if (labels.text('state') === 'unseen')
    return `not seen: ${printable(labels.text('reason'), 1_000)}; what was known holds until its end`;
  return refused === 0
    ? undefined
    : `not all kept: ${counted(refused, 'time', 'times')} there was no room; take them away where their time is over`;
}

/** Lines a person reads; the rest is a number. */
const maxLines = 20;
const ofNamespace = 'disarmed.namespace.';

/**
 * Where agents refuse what the collector orders, by what their heartbeats say: disarmed by somebody on the node, or by a
 * label of a namespace, which all nodes of its cluster see.
 */
export function disarmedByAgents(agents: readonly Answer[]): readonly string[] {
  const connected = agents.filter((agent) => agent.flag('connected'));
  const nodes = connected
    .filter((agent) => agent.at('counters').number('disarmed.node') > 0)
    .map((agent) => `node ${agent.text('node')} of cluster ${agent.text('cluster')}: somebody said so there`);
  const all = [...byLabel(connected), ...unnamed(connected), ...nodes];
  const more = all.length - maxLines;
  return more <= 0 ? all : [...all.slice(0, maxLines), `${counted(more, 'more place', 'more places')}`];
}

/** Agents name the first of many alone, so that what is left is told as a number. */
function unnamed(agents: readonly Answer[]): readonly string[] {
  const most = Math.max(
    0,
    ...agents.map((agent) => agent.at('counters').number('disarmed.namespaces') - labelsOf(agent).length),
  );
  return most === 0 ? [] : [`${counted(most, 'more namespace', 'more namespaces')}: by their labels`];
}

function byLabel(agents: readonly Answer[]): readonly string[] {
  const found = new Map<string, { until: number; agents: number }>();
  for (const agent of agents)
    for (const [namespace, until] of labelsOf(agent)) {
      const name = `namespace ${namespace} of cluster ${agent.text('cluster')}`;
      const before = found.get(name);
      found.set(name, { until: Math.max(until, before?.until ?? 0), agents: (before?.agents ?? 0) + 1 });
    }
  return [...found].map(
    ([name, { until, agents: seen }]) =>
      `${name} until ${formatSeconds(until * 1_000_000)}: by its label, on ${counted(seen, 'node')}`,
  );
}

function labelsOf(agent: Answer): readonly (readonly [namespace: string, until: number])[] {
  return agent
    .at('counters')
    .numbers()
    .filter(([name]) => name.startsWith(ofNamespace))
    .map(([name, until]) => [name.slice(ofNamespace.length), until]);
}
