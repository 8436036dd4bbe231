import type { Severity } from '../../fingerprint/incident.ts';
import { printable } from '../../fingerprint/printable.ts';
import { type Change, subjectOf } from './change.ts';
import { incidentNews } from './incident-news.ts';
import { makeNotice, type News } from './news.ts';
import { type Notice, type NoticeType, noticeWorkload } from './notice.ts';
import type { Told } from './told.ts';

export interface Outcome {
  readonly notices: readonly Notice[];
  /** What is told by then: to be kept in one commit with the notices. */
  readonly told: Told;
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
  // The same object when nothing changed: what is as it was need not be written.
  if (notice === undefined) return { notices: [], told };
  return { notices: [notice], told: { ...told, count: before.count + 1 } };
}

interface NewsAndTold {
  readonly news?: News | undefined;
  readonly told: Told;
}

function newsOf(told: Told, change: Change): NewsAndTold {
  switch (change.of) {
    case 'incident':
    case 'decision':
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
    case 'stops':
    case 'workload':
      return inState(told, change.state, systemNews(change), isNewsAtFirst(change));
    case 'policy':
      return inState(told, change.mode, systemNews(change), true);
    case 'loss':
    case 'audit':
      return { news: systemNews(change), told };
  }
}

/** The end of a trouble nobody was told of is no news. */
function isNewsAtFirst({ state }: { readonly state: string }): boolean {
  return !['back', 'seeing', 'recovered', 'rearmed'].includes(state);
}

function inState(told: Told, state: string, news: News, isNewsAtFirst: boolean): NewsAndTold {
  const isNews = told.state === undefined ? isNewsAtFirst : told.state !== state;
  return { news: isNews ? news : undefined, told: told.state === state ? told : { ...told, state } };
}

type SystemChange = Extract<
  Change,
  { readonly of: 'node' | 'loss' | 'store' | 'policy' | 'stops' | 'audit' | 'workload' }
>;

function systemNews(change: SystemChange): News {
  switch (change.of) {
    case 'node':
      return nodeNews(change);
    case 'loss':
      return lossNews(change);
    case 'store':
      // The end is as grave as the trouble: who was told of one is told of the other.
      return {
        type: change.state === 'failing' ? 'store.failing' : 'store.recovered',
        severity: 'high',
        title: change.sentence,
        link: '/status',
        data: { state: change.state },
      };
    case 'policy':
      return {
        type: 'policy.changed',
        severity: 'medium',
        title: `reactions go as far as ${change.mode} from now on`,
        link: '/policy',
        data: { mode: change.mode },
      };
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

function nodeNews({ node, state, since }: Extract<Change, { of: 'node' }>): News {
  const name = printable(node);
  const told = {
    silent: {
      type: 'node.silent',
      severity: 'high',
      what: 'says nothing: its agent or the way to it is gone',
    },
    back: { type: 'node.back', severity: 'high', what: 'is back' },
    blind: {
      type: 'node.blind',
      severity: 'critical',
      what: 'does not see what it does on purpose: silence there means nothing',
    },
    seeing: { type: 'node.seeing', severity: 'critical', what: 'sees again what it does' },
  } as const satisfies Record<typeof state, { type: NoticeType; severity: Severity; what: string }>;
  const { type, severity, what } = told[state];
  return {
    type,
    severity,
    title: `node ${name} ${what}`,
    link: `/nodes/${encodeURIComponent(node.toWellFormed().slice(0, 253))}`,
    data: { node: name, since },
  };
}

function lossNews({ node, events, records, reasons }: Extract<Change, { of: 'loss' }>): News {
  const name = printable(node);
  return {
    type: 'loss',
    severity: 'medium',
    title: `node ${name} lost ${events} events and ${records} reports: what they held is not known`,
    link: `/nodes/${encodeURIComponent(node.toWellFormed().slice(0, 253))}`,
    data: { node: name, events, records, reasons: reasons.slice(0, 8).map((r) => printable(r, 64)) },
  };
}

function stopsNews({ state, author, reason }: Extract<Change, { of: 'stops' }>): News {
  const who = printable(author, 128);
  const done =
    state === 'disarmed' ? 'nothing is stopped any more' : 'what drifts is stopped again as the policy says';
  return {
    type: state === 'disarmed' ? 'stops.disarmed' : 'stops.rearmed',
    severity: 'high',
    title: `${done}: ${who}, ${printable(reason)}`,
    link: '/policy',
    data: { author: who, reason: printable(reason, 1024) },
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
