import { duration } from '../fingerprint/figures.ts';
import { Answer, workloadName } from './answer.ts';
import { describeJudged } from './judged-text.ts';
import { counted } from './known-file.ts';
import { kubernetesTold } from './kubernetes-text.ts';
import { tellingTrouble } from './telling-text.ts';

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
    `agent      on ${agent.text('node')}, ${agent.flag('ready') ? `sees ${agent.words('coverage')} through ${sourceOf(agent)}` : 'starting'}`,
    ...sourceAway(status),
    ...kubernetes(status),
    `collector  ${agent.text('uplink')}; ${spool.number('records')} reports wait, ${spool.number('dropped')} were dropped`,
    `events     ${agent.at('counters').number('events')} seen, ${lost} lost`,
    ...agent.list('workloads').flatMap(describeJudged),
    ...holds,
    ...leases(agent),
    ...damage(agent),
  ];
}

function kubernetes(status: unknown): string[] {
  const told = kubernetesTold(status);
  return told === undefined ? [] : [`kubernetes ${told.what}`];
}

function sourceOf(agent: Answer): string {
  const source = agent.at('source');
  return [source.text('name'), source.text('version')].filter((word) => word !== '').join(' ');
}

/** Whether what happens now goes unseen, because the source is away. */
export function isUnseen(status: unknown): boolean {
  return new Answer(status).at('source').text('state') === 'away';
}

function sourceAway(status: unknown): string[] {
  if (!isUnseen(status)) return [];
  const source = new Answer(status).at('source');
  const since = new Date(source.number('since') / 1000).toISOString();
  return [
    `not seen   anything since ${since}: ${source.text('name')} delivers nothing, ${source.text('reason')}`,
  ];
}

/** What was accepted before is lost, so nothing signed is taken up; its line says where it lies. */
function damage(agent: Answer): string[] {
  return agent.at('counters').number('fingerprints.refused.STATE_IO') === 0
    ? []
    : [
        'refuses    everything signed: which versions were accepted before cannot be read or saved (STATE_IO); mend state.json, or move it away to start without it',
      ];
}

/** What it may kill without asking; nothing is said where nobody granted anything. */
function leases(agent: Answer): string[] {
  const told = agent.at('leases');
  const live = told.number('live');
  if (live === 0) return [];
  const left = `${counted(told.number('stopsLeft'), 'stop')} left, ${told.number('endsLeft')} of them of a whole copy`;
  return [`leases     ${counted(live, 'kill lease')}: ${left}`];
}

function documents(counts: Answer): string {
  return [
    counted(counts.number('base'), 'fingerprint'),
    counted(counts.number('overlay'), 'overlay'),
    counted(counts.number('approval'), 'approval'),
    counted(counts.number('trust-policy'), 'trust policy', 'trust policies'),
  ].join(', ');
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
  const address = collector.text('address');
  const where = address === '' ? '' : `at ${address}, `;
  // To a token of some namespaces nothing is told of what is the whole site's.
  const isWhole = Object.hasOwn(Object(status), 'documents');
  const handsOut = isWhole ? `; hands out ${documents(collector.at('documents'))}` : '';
  const away = agents.filter((a) => !a.flag('connected')).map((a) => `away       ${a.text('node')}`);
  return [
    `collector  ${where}reactions up to ${collector.text('mode')}${handsOut}`,
    ...(isWhole || agents.length > 0
      ? [`agents     ${agents.filter((a) => a.flag('connected')).length} of ${agents.length} connected`]
      : []),
    ...away,
    ...agents.flatMap(describeBlindness),
    ...describeBeside(agents),
    ...agents.flatMap((a) => refusals(a, collector.text('learnerKeyFile'))),
    ...tellingTrouble(collector),
  ];
}

/** What it means, and what to do. */
export const blindness =
  'its sensor tells nothing of what it does on purpose; restart the agent there, and look at its log and at whorl doctor';

/** @param sources of all agents of that node */
export function besideText(sources: readonly string[]): string {
  return `is watched by ${sources.length} agents at once (${sources.join(', ')}): what happens there is told by each; stop all but one`;
}

function describeBeside(agents: readonly Answer[]): string[] {
  const nodes = new Map<string, string>();
  for (const agent of agents) {
    const others = agent.list('beside').map((other) => other.text('source'));
    const node = `${agent.text('cluster')}/${agent.text('node')}`;
    if (others.length > 0 && !nodes.has(node))
      nodes.set(node, `twice      ${agent.text('node')} ${besideText([agent.text('source'), ...others])}`);
  }
  return [...nodes.values()];
}

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
  const isRefused = refusalOf(row) !== '';
  const open = isRefused ? [] : readiness.list('reasons').filter((r) => !r.flag('ok'));
  const copies = counted(row.number('instances'), 'copy runs', 'copies run');
  const behaviours = counted(row.number('novelties'), 'behaviour');
  const incidents = counted(row.number('incidents'), 'incident');
  return [
    `${stateOf(row).padEnd(10)} ${workloadName(row)}: ${row.number('running')} of ${copies}, ${behaviours}, ${incidents}`,
    ...signedText(row),
    ...open.map((r) => `             ${r.text('sentence')}`),
    ...(isRefused ? [] : estimate(readiness)),
    ...(isRefused ? [] : thinText(row)),
    ...(row.text('notSigned') === ''
      ? []
      : [`             learned, but not signed: ${row.text('notSigned')}`]),
  ];
}

/** One node that was taken over must not teach the others unseen. */
function thinText(row: Answer): string[] {
  const thin = row.list('thin');
  const first = thin.find((t) => t.text('only') === 'node');
  if (first === undefined) return [];
  const more = thin.length + row.number('thinMore') - 1;
  return [
    `             only ${first.text('node')} of ${first.number('of')} nodes ${first.text('sentence')}${more > 0 ? `, and ${counted(more, 'more such behaviour')}` : ''}: look at it before you sign`,
  ];
}

/** By the collector's own trust policy, where it has one. */
function refusalOf(row: Answer): string {
  return row.at('signed').text('refused');
}

function stateOf(row: Answer): string {
  if (refusalOf(row) !== '') return 'untrusted';
  if (row.at('provisional').number('version') > 0) return 'alerting';
  return row.at('readiness').flag('ready') ? 'learned' : 'learning';
}

/** What people said of it, as handed out; what is in force is for its agents to say. */
function signedText(row: Answer): string[] {
  const version = row.at('signed').number('version');
  if (version === 0) return [];
  if (refusalOf(row) !== '')
    return [
      `             version ${version} is refused (${refusalOf(row)}): nothing that is learned of it alerts by itself`,
    ];
  const approved = row.at('approved');
  const [mode, until, reason] = [approved.text('mode'), approved.text('expiresAt'), approved.text('reason')];
  if (mode === '')
    return [`             version ${version} is handed out and waits for approval: it alerts at most`];
  const ends = until === '' ? '' : ` until ${until}`;
  return [`             version ${version} is handed out, approved up to ${mode}${ends}: ${reason}`];
}

function estimate(readiness: Answer): string[] {
  const us = readiness.number('inUs');
  return us > 0 ? [`             ready in about ${duration(us)} if nothing new shows`] : [];
}

/** Copies that are older than the agent: their start-ups stay unjudged until one is seen. Nothing is restarted for it. */
function restartList(rows: readonly Answer[]): string[] {
  const unseen = rows
    .filter((row) => row.number('running') > 0 && row.number('starts') === 0)
    .map(workloadName);
  if (unseen.length === 0) return [];
  return [
    `restart    no start was ever seen of: ${[...new Set(unseen)].join(', ')}; restart them when it suits, so that start-ups are learned`,
  ];
}
