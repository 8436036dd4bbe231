import { sha256Hex } from '../../fingerprint/digest.ts';
import { type Severity, severities } from '../../fingerprint/incident.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { Workload } from '../../fingerprint/workload.ts';

/** What people are told of: changes of state, never single events. A word is never given a second meaning. */
export const noticeTypes = [
  'incident.opened',
  'incident.graver',
  'incident.acted',
  'incident.not-acted',
  'incident.held',
  'incident.disposition',
  'incident.reopened',
  'incidents.many',
  'node.silent',
  'node.back',
  'node.blind',
  'node.seeing',
  'node.trouble',
  'node.mended',
  'loss',
  'store.failing',
  'store.recovered',
  'policy.changed',
  'stops.disarmed',
  'stops.rearmed',
  'audit.mismatch',
  'audit.failing',
  'audit.recovered',
  'workload.ready',
  'workload.provisional',
  'notices.dropped',
  'sink.gone',
  'whorl.test',
] as const;
export type NoticeType = (typeof noticeTypes)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

/** Whose incident it is, without what only machines need. */
export interface NoticeWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly owner: string;
  readonly container: string;
  readonly image: string;
}

/** One thing people are told. Every string in it is printable, all of it is at most `maxNoticeBytes` of JSON. */
export interface Notice {
  /** The same each time it is sent: whoever receives it twice knows by this. */
  readonly id: string;
  readonly type: NoticeType;
  /** ms since the Unix epoch. */
  readonly time: number;
  readonly severity: Severity;
  /** What it is about: notices with the same key are one story, told in order. The incident's id, or `node/…`. */
  readonly key: string;
  /** One sentence. */
  readonly title: string;
  readonly workload?: NoticeWorkload;
  /** Path on the collector's own address. */
  readonly link: string;
  readonly data: JsonObject;
}

/** What receivers take without being asked (queues and chat tools: 28 kB and up), with room for their envelope. */
export const maxNoticeBytes = 16 * 1024;
const maxTitle = 400;
/** Kubernetes allows 253; image names may be longer, and are cut for people. */
const maxName = 256;

/**
 * @param count how many notices there were about the same thing before: with it no two have the same id
 */
export function noticeId(key: string, type: NoticeType, time: number, count: number): string {
  return `msg_${sha256Hex(Buffer.from([key, type, time, count].join('\n'))).slice(0, 32)}`;
}

export function noticeTitle(sentence: string): string {
  return printable(sentence, maxTitle);
}

export function noticeWorkload({ cluster, namespace, owner, container, subject }: Workload): NoticeWorkload {
  const shown = (name: string) => printable(name, maxName);
  return {
    cluster: shown(cluster),
    namespace: shown(namespace),
    owner: shown(owner),
    container: shown(container),
    image: shown(subject.name),
  };
}

export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}
