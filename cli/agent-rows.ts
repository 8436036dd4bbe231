import { duration } from '../fingerprint/figures.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Answer } from './answer.ts';
import { counted } from './known-file.ts';

/** What can be wrong with a node (collector/core/node-state.ts), in a word or two. */
const troubleWords: Readonly<Record<string, string>> = {
  silent: 'silent',
  blind: 'blind',
  gap: 'lost records',
  'spool-dropped': 'spool overflowed',
  clock: 'clock off',
  flood: 'flooding',
  restored: 'collector was restored',
  'rolled-back': 'collector was rolled back',
};

export function agentName(agent: Answer): string {
  return `${printable(agent.text('cluster'), 253)}/${printable(agent.text('node'), 253)}`;
}

/** One agent in a line. */
export function agentLine(agent: Answer, now: number): string {
  const spool = agent.at('spool').number('records');
  const source = [agent.text('source'), agent.text('version')].filter((word) => word !== '');
  const parts = [
    stateOf(agent),
    ...troublesOf(agent),
    ...(source.length === 0 ? [] : [`by ${printable(source.join(' '), 100)}`]),
    ...heard(agent, now),
    ...(spool === 0 ? [] : [`${counted(spool, 'report')} wait there`]),
    certificate(agent, now),
  ];
  return `${agentName(agent)}  ${parts.join(', ')}`;
}

/** One agent with all that is known of it. */
export function agentDetail(agent: Answer, now: number): string[] {
  const { revoked, spool } = { revoked: agent.at('revoked'), spool: agent.at('spool') };
  const line = (label: string, text: string): string => `  ${label.padEnd(12)}${text}`;
  return [
    `${agentName(agent)}  ${[stateOf(agent), ...troublesOf(agent)].join(', ')}`,
    line('id', printable(agent.text('id'), 600)),
    line('certificate', certificate(agent, now).replace(/^certificate /, '')),
    ...(revoked.text('author') === ''
      ? []
      : [line('shut out', `${time(revoked.number('time'))} by ${byWhom(revoked)}`)]),
    ...heard(agent, now).map((text) => line('last', text)),
    ...(agent.text('source') === ''
      ? []
      : [
          line(
            'source',
            `${printable(agent.text('source'), 64)}, sees ${printable(agent.words('coverage'), 300)}`,
          ),
          line('version', printable(agent.text('version'), 64)),
          line('records', recordsOf(agent)),
        ]),
    ...(spool.number('bytes') + spool.number('dropped') === 0
      ? []
      : [
          line(
            'spool',
            `${counted(spool.number('records'), 'report')} wait there, ${spool.number('dropped')} were dropped`,
          ),
        ]),
    ...agent
      .list('troubles')
      .map((t) => line('trouble', `${wordOf(t)} ${since(t)}: ${printable(t.text('sentence'), 500)}`)),
    ...agent.list('past').map((t) => line('was', `${wordOf(t)} ${since(t)} to ${time(t.number('closed'))}`)),
  ];
}

function recordsOf(agent: Answer): string {
  const lost = agent.at('lost');
  const parts = [
    `${agent.number('stored')} kept`,
    `${agent.number('missing')} missing`,
    `${agent.number('refused')} refused`,
    `${lost.number('dropped')} dropped by its spool`,
    `${lost.number('restored')} lost by a restore here`,
  ];
  return parts.join(', ');
}

function stateOf(agent: Answer): string {
  if (agent.at('revoked').text('author') !== '') return 'shut out';
  if (agent.flag('connected')) return agent.text('state') === 'behind' ? 'connected, behind' : 'connected';
  return agent.text('state') === 'never-connected' ? 'never connected' : 'away';
}

function troublesOf(agent: Answer): string[] {
  return agent.list('troubles').map(wordOf);
}

function wordOf(trouble: Answer): string {
  const kind = trouble.text('kind');
  return troubleWords[kind] ?? printable(kind, 32);
}

function heard(agent: Answer, now: number): string[] {
  const last = agent.number('lastHeard');
  return last === 0 ? [] : [`heard ${duration(Math.max(0, now - last) * 1000)} ago`];
}

function certificate(agent: Answer, now: number): string {
  const until = agent.at('certificate').number('notAfter');
  if (until === 0) return 'no certificate';
  return `certificate ${until <= now ? 'ended' : 'until'} ${time(until)}`;
}

function since(trouble: Answer): string {
  return `since ${time(trouble.number('opened'))}`;
}

function byWhom(revoked: Answer): string {
  return `${printable(revoked.text('author'), 100)}: ${printable(revoked.text('reason'), 300)}`;
}

/** A collector may be of another version: a time that cannot be one is shown as it is. */
export function time(ms: number): string {
  return Math.abs(ms) < 8e15 ? `${new Date(ms).toISOString().slice(0, 16)}Z` : String(ms);
}
