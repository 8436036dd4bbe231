import type { Severity } from '../../fingerprint/incident.ts';
import { type Notice, type NoticeType, severityRank } from './notice.ts';

/** What one sink is told. What is not named lets everything through. */
export interface SinkFilter {
  readonly minSeverity?: Severity;
  readonly types?: readonly NoticeType[];
  /** Only what happens to workloads of these: what concerns the whole system is for whoever runs it. */
  readonly namespaces?: readonly string[];
}

/** About the sink itself or made for it: a filter must not hide that something was dropped. */
const always: readonly NoticeType[] = ['notices.dropped', 'incidents.many', 'whorl.test'];

export function isWanted({ minSeverity, types, namespaces }: SinkFilter, notice: Notice): boolean {
  if (always.includes(notice.type)) return true;
  if (minSeverity !== undefined && severityRank(notice.severity) < severityRank(minSeverity)) return false;
  if (types !== undefined && !types.includes(notice.type)) return false;
  return namespaces === undefined || namespaces.includes(notice.workload?.namespace ?? '');
}
