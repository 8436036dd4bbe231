import { type Incident, type Severity, severities } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { Change } from './change.ts';
import type { News } from './news.ts';
import { noticeTitle, noticeWorkload, severityRank } from './notice.ts';
import { incidentData, receiptData } from './notice-data.ts';
import { maxToldFacts, type ToldIncident } from './told.ts';

type IncidentChange = Extract<Change, { of: 'incident' | 'held' | 'receipt' | 'disposition' }>;

interface NewsOfIncident {
  readonly news?: News | undefined;
  readonly incident: ToldIncident | undefined;
}

/** What is new of an incident. Of one that was never told itself nothing else is told: who calls tells it first. */
export function incidentNews(told: ToldIncident | undefined, change: IncidentChange): NewsOfIncident {
  if (change.of === 'incident') return reported(told, change.incident);
  if (told === undefined) return { incident: undefined };
  switch (change.of) {
    case 'held':
      return held(told, change);
    case 'receipt':
      return receipted(told, change);
    case 'disposition':
      return disposed(told, change);
  }
}

function reported(told: ToldIncident | undefined, incident: Incident): NewsOfIncident {
  const { id, severity, kinds, workload, sentence } = incident;
  const facts = told?.facts ?? [];
  const now = { severity, kinds, title: noticeTitle(sentence), workload: noticeWorkload(workload), facts };
  const about = { link: `/incidents/${id}`, workload: now.workload };
  if (told === undefined) {
    const news = {
      type: 'incident.opened',
      severity,
      title: sentence,
      ...about,
      data: incidentData(incident),
    } as const;
    return { news, incident: now };
  }
  const newKinds = kinds.filter((kind) => !told.kinds.includes(kind));
  const isGraver = severityRank(severity) > severityRank(told.severity);
  if (!isGraver && newKinds.length === 0) return { incident: told };
  const gravest = isGraver ? severity : told.severity;
  const how = [isGraver ? `now ${severity}, was ${told.severity}` : '', ...newKinds.map((k) => `also ${k}`)];
  const news: News = {
    type: 'incident.graver',
    severity: gravest,
    title: `${how.filter((h) => h !== '').join(', ')}: ${sentence}`,
    ...about,
    data: incidentData(incident, { before: told.severity, newKinds }),
  };
  // What was told stays told: a later, shorter report must not make the same kind news again.
  return { news, incident: { ...now, severity: gravest, kinds: [...told.kinds, ...newKinds] } };
}

/** A brake stood in the way: from here on it is a person's turn. */
function held(told: ToldIncident, change: Extract<Change, { of: 'held' }>): NewsOfIncident {
  const { incident, state, reason, sentence } = change;
  const what = state === 'waiting' ? 'waits for a person' : 'nobody answered in time';
  return once(told, `held ${state} ${printable(reason, 64)}`, {
    type: 'incident.held',
    severity: told.severity,
    title: `${what}, ${sentence}: ${told.title}`,
    link: `/incidents/${incident}`,
    workload: told.workload,
    data: { state, reason: printable(reason, 64), sentence: printable(sentence, 1024) },
  });
}

const stopped: Readonly<Record<Action, string>> = {
  hold: 'the drifting processes were held',
  freeze: 'the container was frozen',
  'kill-subtree': 'the drifting processes were killed',
  kill: 'the container was killed',
  quarantine: 'cut off from the network',
  release: 'let back to the network',
  resume: 'what was held runs on',
};

function receipted(told: ToldIncident, { receipt }: Extract<Change, { of: 'receipt' }>): NewsOfIncident {
  const { order, result, action, incident } = receipt;
  const isDone = result === 'done';
  const what = isDone && action !== undefined ? stopped[action] : `an order was not carried out (${result})`;
  return once(told, `receipt ${printable(order, 64)} ${result}`, {
    type: isDone ? 'incident.acted' : 'incident.not-acted',
    // What was to be stopped and was not runs on.
    severity: isDone ? told.severity : atLeast(told.severity, 'high'),
    title: `${what}: ${told.title}`,
    link: `/incidents/${incident}`,
    workload: told.workload,
    data: receiptData(receipt),
  });
}

function disposed(told: ToldIncident, change: Extract<Change, { of: 'disposition' }>): NewsOfIncident {
  const { incident, disposition, isOpen, author, reason } = change;
  const [word, who] = [printable(disposition, 64), printable(author, 128)];
  const news: News = {
    type: isOpen ? 'incident.reopened' : 'incident.disposition',
    severity: told.severity,
    title: `${isOpen ? 'open again' : word}, says ${who}: ${told.title}`,
    link: `/incidents/${incident}`,
    workload: told.workload,
    data: { disposition: word, author: who, reason: printable(reason, 1024) },
  };
  return { news, incident: told };
}

function once(told: ToldIncident, fact: string, news: News): NewsOfIncident {
  if (told.facts.includes(fact) || told.facts.length >= maxToldFacts) return { incident: told };
  return { news, incident: { ...told, facts: [...told.facts, fact] } };
}

function atLeast(severity: Severity, least: Severity): Severity {
  return severities[Math.max(severityRank(severity), severityRank(least))] ?? least;
}
