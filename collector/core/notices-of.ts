import type { Severity } from '../../fingerprint/incident.ts';
import { printable } from '../../fingerprint/printable.ts';
import { type Change, subjectOf } from './change.ts';
import { incidentNews } from './incident-news.ts';
import { makeNotice, type News } from './news.ts';
import { type Notice, type NoticeType, noticeWorkload } from './notice.ts';
import type { Told } from './told.ts';

export interface Outcome {
  readonly notices: readonly Notice[];
  /** What is told by then: to be kept in one commit with the notices. The same object when nothing changed. */
  readonly told: Told | undefined;
}

/**
 * What people are told because of a change, given what they were told before of the same subject: state changes, not
 * events. The same change twice is no news the second time.
 *
 * @param at ms since the Unix epoch
 */
export function noticesOf(previous: Told | undefined, change: Change, at: number): Outcome {
  const before = previous ?? { count: 0 };
  const { news, told } = newsOf(before, change);
  const notice = news && makeNotice(news, subjectOf(change), at, before.count);
  if (notice === undefined) return { notices: [], told: told === before ? previous : told };
  return { notices: [notice], told: { ...told, count: before.count + 1 } };
}

interface NewsAndTold {
  readonly news?: News | undefined;
  readonly told: Told;
}

function newsOf(told: Told, change: Change): NewsAndTold {
  switch (change.of) {
    case 'incident':
    case 'held':
    case 'receipt':
    case 'disposition': {
      const { news, incident } = incidentNews(told.incident, change);
      return {
        news,
        told: incident === undefined || incident === told.incident ? told : { ...told, incident },
      };
    }
    case 'node':
    case 'store':
    case 'audit-sink':
    case 'stops':
    case 'workload':
      return inState(told, change.state, systemNews(change), isNewsAtFirst(change));
    case 'policy':
      return inState(told, String(change.version ?? change.mode), systemNews(change), true);
    case 'loss':
    case 'audit':
      return { news: systemNews(change), told };
  }
}

/** The end of a trouble nobody was told of is no news. */
function isNewsAtFirst({ state }: { readonly state: string }): boolean {
  return !['closed', 'recovered', 'rearmed'].includes(state);
}

function inState(told: Told, state: string, news: News, isNewsAtFirst: boolean): NewsAndTold {
  const isNews = told.state === undefined ? isNewsAtFirst : told.state !== state;
  return { news: isNews ? news : undefined, told: told.state === state ? told : { ...told, state } };
}

type SystemChange = Extract<
  Change,
  { readonly of: 'node' | 'loss' | 'store' | 'audit-sink' | 'policy' | 'stops' | 'audit' | 'workload' }
>;

function systemNews(change: SystemChange): News {
  switch (change.of) {
    case 'node':
      return nodeNews(change);
    case 'loss':
      return lossNews(change);
    case 'store':
    case 'audit-sink':
      return serviceNews(change);
    case 'policy':
      return policyNews(change);
    case 'stops':
      return stopsNews(change);
    case 'audit':
      return {
        type: 'audit.mismatch',
        severity: 'critical',
        title: `the audit log does not match what was signed: ${change.sentence}`,
        link: '/audit',
        data: { sentence: printable(change.sentence, 1024) },
      };
    case 'workload':
      return workloadNews(change);
  }
}

/** The end is as grave as the trouble: who was told of one is told of the other. */
function serviceNews(change: Extract<Change, { of: 'store' | 'audit-sink' }>): News {
  const { state, sentence } = change;
  const about = { severity: 'high', title: sentence, link: '/status' } as const;
  const isFailing = state === 'failing';
  if (change.of === 'store')
    return { ...about, type: isFailing ? 'store.failing' : 'store.recovered', data: { state } };
  const data = { state, sink: printable(change.sink) };
  return { ...about, type: isFailing ? 'audit.failing' : 'audit.recovered', data };
}

function policyNews({ mode, version, author }: Extract<Change, { of: 'policy' }>): News {
  const by = author === undefined ? '' : `, says ${printable(author, 128)}`;
  return {
    type: 'policy.changed',
    severity: 'medium',
    title: `reactions go as far as ${mode} from now on${by}`,
    link: '/policy',
    data: {
      mode,
      ...(version === undefined ? {} : { version }),
      ...(author === undefined ? {} : { author: printable(author, 128) }),
    },
  };
}

interface Trouble {
  readonly opened: NoticeType;
  readonly closed: NoticeType;
  readonly severity: Severity;
  readonly is: string;
  readonly isNot: string;
}

const silent: Trouble = {
  opened: 'node.silent',
  closed: 'node.back',
  severity: 'high',
  is: 'says nothing: its agent or the way to it is gone',
  isNot: 'is back',
};
const blind: Trouble = {
  opened: 'node.blind',
  closed: 'node.seeing',
  severity: 'critical',
  is: 'does not see what it does on purpose: silence there means nothing',
  isNot: 'sees again what it does',
};

function troubleOf(kind: string, detail: string): Trouble {
  if (kind === 'silent') return silent;
  if (kind === 'blind') return blind;
  const word = printable(kind, 64);
  return {
    opened: 'node.trouble',
    closed: 'node.mended',
    severity: 'high',
    is: `is in trouble (${word}): ${detail}`,
    isNot: `is well again (${word})`,
  };
}

function nodeNews({ node, kind, state, detail }: Extract<Change, { of: 'node' }>): News {
  const name = printable(node);
  const { opened, closed, severity, is, isNot } = troubleOf(kind, detail);
  const isOpened = state === 'opened';
  return {
    type: isOpened ? opened : closed,
    severity,
    title: `node ${name} ${isOpened ? is : isNot}`,
    link: nodeLink(node),
    data: { node: name, kind: printable(kind, 64), detail: printable(detail, 1024) },
  };
}

function nodeLink(node: string): string {
  return `/nodes/${encodeURIComponent(node.toWellFormed().slice(0, 253))}`;
}

function lossNews({ node, events, records, reasons }: Extract<Change, { of: 'loss' }>): News {
  const name = printable(node);
  return {
    type: 'loss',
    severity: 'medium',
    title: `node ${name} lost ${events} events and ${records} reports: what they held is not known`,
    link: nodeLink(node),
    data: { node: name, events, records, reasons: reasons.slice(0, 8).map((r) => printable(r, 64)) },
  };
}

function stopsNews({ state, scope, author, reason }: Extract<Change, { of: 'stops' }>): News {
  const who = printable(author, 128);
  const done =
    state === 'disarmed' ? 'nothing is stopped' : 'what drifts is stopped again as the policy says';
  const where = printable(scope);
  return {
    type: state === 'disarmed' ? 'stops.disarmed' : 'stops.rearmed',
    severity: 'high',
    title: `${done} in ${where}: ${who}, ${printable(reason)}`,
    link: '/policy',
    data: { scope: where, author: who, reason: printable(reason, 1024) },
  };
}

function workloadNews({ state, hash, workload, phases }: Extract<Change, { of: 'workload' }>): News {
  const { namespace, owner, container } = workload;
  const name = printable(`${namespace}/${owner}/${container}`);
  return {
    type: state === 'ready' ? 'workload.ready' : 'workload.provisional',
    severity: 'low',
    title:
      state === 'ready'
        ? `${name} has been learned`
        : `what was learned of ${name} is signed and alerts from now on; nobody has approved it yet`,
    link: `/workloads/${hash}`,
    workload: noticeWorkload(workload),
    data: { phases },
  };
}
