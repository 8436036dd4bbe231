import { techniquesOfIncident } from '../fingerprint/attack-techniques.ts';
import type { Drift, Incident } from '../fingerprint/incident.ts';
import { printable } from '../fingerprint/printable.ts';
import { formatTime } from '../fingerprint/time.ts';
import { receiptText, workloadName } from './agent-line.ts';
import type { IncidentDetail, ListedIncident, Review } from './incident-rows.ts';
import { incidentLine } from './judgement.ts';
import { counted } from './known-file.ts';
import { type Styled, styled, type Text } from './text.ts';

/** Enough of an id to be found by: as many digits as stand before each row. */
const shownDigits = 12;
/** Copies that are named; nobody reads five hundred names of pods. */
const maxCopies = 5;
/** As many drifts as one incident of one copy may have. */
const maxDriftsShown = 32;

export function shownId(id: string): string {
  return printable(id.slice(0, shownDigits));
}

/** One row of the list. */
export function listedText(row: ListedIncident): Text {
  const state = stateText(row);
  return [
    severityText(row),
    styled('dim', ` ${shownId(row.id)} ${moment(row.last)}`),
    ` ×${row.count} on ${spreadText(row, '/')}: ${row.lead.sentence}`,
    ...(state === '' ? [] : [styled('cyan', `; ${state}`)]),
  ];
}

/** Everything about one incident, a line each. */
export function detailText(row: IncidentDetail): readonly Text[] {
  const { lead, id, version, seen, more } = row;
  const incidents = seen.map((s) => s.incident);
  const decided = countedSentences(seen.flatMap((s) => [...new Set(s.decisions)]));
  return [
    [severityText(row), ` ${lead.sentence}`],
    `  id        ${printable(id, 64)}, version ${version}`,
    `  workload  ${workloadName(lead.workload)} in cluster ${printable(lead.workload.cluster)}, image ${printable(lead.workload.subject.name, 300)}@${printable(lead.workload.subject.digest)}`,
    `  state     ${stateText(row) || 'open, nobody has claimed it'}`,
    `  seen      ${moment(row.first)} to ${moment(row.last)}, ×${row.count} on ${spreadText(row, ' and ')}`,
    `  copies    ${copiesText(incidents, more)}`,
    ...driftTexts(incidents.length === 0 ? [lead] : incidents),
    ...techniquesOfIncident(lead).map(({ id: t, name, tactic }) => `  shows     ${t} ${name} (${tactic})`),
    `  approved  ${approvalText(lead.approval)}`,
    ...decided.map(
      ([sentence, times]) =>
        `  decided   ${printable(sentence, 400)}${times > 1 ? ` (${times} copies)` : ''}`,
    ),
    ...seen.flatMap(({ receipts, incident }) =>
      receipts.map((r) => `  done      ${receiptText(r)}, ${copyName(incident)}`),
    ),
    ...row.history.map((review) => `  history   ${reviewText(review)}`),
  ];
}

export function reviewText({ act, author, reason, time, until, document }: Review): string {
  const ends = until === undefined ? '' : ` until ${moment(until * 1000)}`;
  const by = document === undefined ? '' : ` by ${printable(document.slice(0, 19))}…`;
  return `${moment(time * 1000)} ${printable(author)}: ${printable(act)}${ends}${by}: ${printable(reason, 400)}`;
}

function stateText({ state, disposition, until, claimedBy }: ListedIncident): string {
  const claimed = claimedBy === undefined ? '' : `claimed by ${printable(claimedBy)}`;
  if (state === 'open') return claimed;
  const ends = until === undefined ? '' : ` until ${moment(until * 1000)}`;
  const closed = disposition === undefined ? 'closed' : `closed as ${printable(disposition)}${ends}`;
  return claimed === '' ? closed : `${closed}, ${claimed}`;
}

function spreadText({ occurrences, nodes }: ListedIncident, between: string): string {
  return `${counted(occurrences, 'copy', 'copies')}${between}${counted(nodes, 'node')}`;
}

function copiesText(incidents: readonly Incident[], more: number): string {
  const names = [...new Set(incidents.map(copyName))];
  const left = Math.max(0, names.length - maxCopies) + more;
  const shown = names.slice(0, maxCopies).join(', ') || 'none is known any more';
  return left === 0 ? shown : `${shown} and ${left} more`;
}

function copyName({ instance }: Incident): string {
  return `${printable(instance.id, 80)} on ${printable(instance.node, 100)}`;
}

function driftTexts(incidents: readonly Incident[]): readonly string[] {
  const drifts = new Map<string, Drift>();
  for (const drift of incidents.flatMap((i) => i.drifts)) {
    const known = drifts.get(drift.key);
    drifts.set(drift.key, known === undefined ? drift : { ...known, count: known.count + drift.count });
  }
  const left = Math.max(0, drifts.size - maxDriftsShown, ...incidents.map((i) => i.more));
  const shown = [...drifts.values()].slice(0, maxDriftsShown).map(driftText);
  return left === 0 ? shown : [...shown, `  and ${left} more`];
}

function driftText({ kind, because, lineage, subject, count, nearest }: Drift): string {
  const tree = lineage.map((e) => printable(e)).join(' → ');
  const near = nearest === undefined ? '' : `; the nearest that was approved: ${printable(nearest, 200)}`;
  return `  drift     ${kind} (${because}) ${tree}: ${printable(subject, 400)} × ${count}${near}`;
}

/** How far a reaction may go, and in whose name. */
function approvalText(approval: Incident['approval']): string {
  if (approval === undefined) return 'nothing: no fingerprint is in force, so nothing is stopped';
  const { maxMode, neverLearnableMode = maxMode, approvedBy, approvedUntil } = approval;
  const never = neverLearnableMode === maxMode ? '' : `, ${neverLearnableMode} against what is never normal`;
  const by = approvedBy === undefined ? ', by nobody' : `, by ${printable(approvedBy)}`;
  const until = approvedUntil === undefined ? '' : ` until ${printable(approvedUntil)}`;
  return `up to ${maxMode}${never}${by}${until}`;
}

function countedSentences(sentences: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const sentence of sentences) counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  return [...counts];
}

function severityText({ severity }: Pick<ListedIncident, 'severity'>): Styled {
  return styled(severity === 'critical' || severity === 'high' ? 'red' : 'yellow', severity);
}

/** µs → to the second. */
function moment(us: number): string {
  return `${formatTime(us).slice(0, 19)}Z`;
}

/** One line for scripts: what judge prints of an incident, and what the collector knows besides. */
export function listedJson(row: ListedIncident): object {
  const { lead, first, last, severity, id, ...rest } = row;
  const { approval } = lead;
  return {
    id,
    ...incidentLine({ ...lead, first, last, severity }),
    ...(approval === undefined ? {} : { approval }),
    ...rest,
  };
}

export function detailJson({ seen, more, history, ...row }: IncidentDetail): object {
  return {
    ...listedJson(row),
    decisions: [...new Set(seen.flatMap((s) => s.decisions))],
    receipts: seen.flatMap((s) => s.receipts),
    seen: seen.map(({ incident, decisions, receipts }) => ({
      id: incident.id,
      ...incidentLine(incident),
      instance: incident.instance,
      decisions,
      receipts,
    })),
    more,
    history,
  };
}
