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
  ];
}

export function describeWorkloads(answer: unknown): string[] {
  return new Answer(answer).list('workloads').flatMap((row) => {
    const workload = row.at('workload');
    const readiness = row.at('readiness');
    const open = readiness.list('reasons').filter((r) => !r.flag('ok'));
    const state = readiness.flag('ready') ? 'learned' : 'learning';
    return [
      `${state.padEnd(10)} ${workload.text('namespace')}/${workload.text('owner')}: ${row.number('running')} of ${row.number('instances')} copies run, ${row.number('novelties')} behaviours, ${row.number('incidents')} incidents`,
      ...open.map((r) => `             ${r.text('sentence')}`),
    ];
  });
}
