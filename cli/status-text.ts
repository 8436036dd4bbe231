import { duration } from '../fingerprint/figures.ts';
import { counted } from './known-file.ts';

/**
 * What daemons answer, as lines for people. They may be of another version than this command: what is not as expected
 * is left out, never an error.
 */
class Answer {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  at(name: string): Answer {
    return new Answer(
      typeof this.#value === 'object' && this.#value !== null ? Reflect.get(this.#value, name) : undefined,
    );
  }

  text(name: string): string {
    const found = this.at(name).#value;
    return typeof found === 'string' ? found : '';
  }

  number(name: string): number {
    const found = this.at(name).#value;
    return typeof found === 'number' ? found : 0;
  }

  flag(name: string): boolean {
    return this.at(name).#value === true;
  }

  list(name: string): readonly Answer[] {
    const found = this.at(name).#value;
    return Array.isArray(found) ? found.map((v) => new Answer(v)) : [];
  }

  words(name: string): string {
    const found = this.at(name).#value;
    return Array.isArray(found) ? found.map(String).join(', ') : '';
  }

  numbers(): readonly (readonly [string, number])[] {
    if (typeof this.#value !== 'object' || this.#value === null) return [];
    return Object.entries(this.#value).filter((e): e is [string, number] => typeof e[1] === 'number');
  }
}

export function describeAgent(status: unknown): string[] {
  if (status === undefined) return ['agent      not running'];
  const agent = new Answer(status);
  const lost = lostOf(status);
  const spool = agent.at('spool');
  const holds = agent
    .list('holds')
    .map(
      (h) =>
        `held       ${h.text('action')} of pid ${h.words('pids')}, incident ${h.text('incident').slice(0, 12)}`,
    );
  return [
    `agent      on ${agent.text('node')}, ${agent.flag('ready') ? `sees ${agent.words('coverage')} through ${agent.text('source')}` : 'starting'}`,
    `collector  ${agent.text('uplink')}; ${spool.number('records')} reports wait, ${spool.number('dropped')} were dropped`,
    `events     ${agent.at('counters').number('events')} seen, ${lost} lost`,
    ...holds,
  ];
}

/** Everything any counter calls lost. */
export function lostOf(status: unknown): number {
  const counters = new Answer(status).at('counters').numbers();
  return counters.filter(([name]) => name.startsWith('lost.')).reduce((sum, [, value]) => sum + value, 0);
}

export function describeCollector(status: unknown): string[] {
  if (status === undefined) return [];
  const collector = new Answer(status);
  const agents = collector.list('agents');
  const away = agents.filter((a) => !a.flag('connected')).map((a) => `away       ${a.text('node')}`);
  return [
    `collector  at ${collector.text('address')}, reactions up to ${collector.text('mode')}, ${collector.number('fingerprints')} fingerprints handed out`,
    `agents     ${agents.filter((a) => a.flag('connected')).length} of ${agents.length} connected`,
    ...away,
    ...agents.flatMap(describeBlindness),
    ...agents.flatMap((a) => refusals(a, collector.text('learnerKeyFile'))),
  ];
}

/** What it means, and what to do. */
export const blindness =
  'its sensor tells nothing of what it does on purpose; restart the agent there, and look at its log and at whorl doctor';

function describeBlindness(agent: Answer): string[] {
  const canary = agent.at('canary');
  if (!agent.flag('connected') || canary.text('state') !== 'blind') return [];
  return [
    `blind      ${agent.text('node')} since ${new Date(canary.number('blindSince')).toISOString()}: ${blindness}`,
  ];
}

/** An agent that takes nothing of what its collector learned, and what to do about it. */
function refusals(agent: Answer, learnerKeyFile: string): string[] {
  const counters = agent.at('counters');
  const refused = ['NO_LEARNER', 'NO_TRUST'].filter((c) => counters.number(`fingerprints.refused.${c}`) > 0);
  if (refused.length === 0) return [];
  return [
    `refuses    ${agent.text('node')} takes nothing that was learned (${refused.join(', ')}): name ${learnerKeyFile} in its trust policy, role learner; whorl trust init --learner ${learnerKeyFile} --out trust.json makes one`,
  ];
}

export function describeWorkloads(answer: unknown): string[] {
  const rows = new Answer(answer).list('workloads');
  return [...rows.flatMap(describeWorkload), ...restartList(rows)];
}

function describeWorkload(row: Answer): string[] {
  const readiness = row.at('readiness');
  const open = readiness.list('reasons').filter((r) => !r.flag('ok'));
  const copies = counted(row.number('instances'), 'copy runs', 'copies run');
  const behaviours = counted(row.number('novelties'), 'behaviour');
  const incidents = counted(row.number('incidents'), 'incident');
  return [
    `${stateOf(row).padEnd(10)} ${nameOf(row)}: ${row.number('running')} of ${copies}, ${behaviours}, ${incidents}`,
    ...open.map((r) => `             ${r.text('sentence')}`),
    ...estimate(readiness),
    ...(row.text('notSigned') === ''
      ? []
      : [`             learned, but not signed: ${row.text('notSigned')}`]),
  ];
}

function stateOf(row: Answer): string {
  if (row.at('provisional').number('version') > 0) return 'alerting';
  return row.at('readiness').flag('ready') ? 'learned' : 'learning';
}

function nameOf(row: Answer): string {
  const workload = row.at('workload');
  return `${workload.text('namespace')}/${workload.text('owner')}`;
}

function estimate(readiness: Answer): string[] {
  const us = readiness.number('inUs');
  return us > 0 ? [`             ready in about ${duration(us)} if nothing new shows`] : [];
}

/** Copies that are older than the agent: their start-ups stay unjudged until one is seen. Nothing is restarted for it. */
function restartList(rows: readonly Answer[]): string[] {
  const unseen = rows.filter((row) => row.number('running') > 0 && row.number('starts') === 0).map(nameOf);
  if (unseen.length === 0) return [];
  return [
    `restart    no start was ever seen of: ${[...new Set(unseen)].join(', ')}; restart them when it suits, so that start-ups are learned`,
  ];
}
