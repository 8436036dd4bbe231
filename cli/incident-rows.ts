import type { Incident, Severity } from '../fingerprint/incident.ts';
import { severities } from '../fingerprint/incident.ts';
import { parseIncident } from '../fingerprint/incident-json.ts';
import type { Receipt } from '../fingerprint/order.ts';
import { parseReceipt } from '../fingerprint/receipt-json.ts';
import { Answer } from './answer.ts';
import { memberOf } from './api-client.ts';

/** A row of drift as a person reads it: all that drifted alike, on however many copies. */
export interface ListedIncident {
  readonly id: string;
  readonly version: number;
  readonly severity: Severity;
  readonly state: 'open' | 'closed';
  readonly disposition?: string;
  /** ms since the Unix epoch. */
  readonly until?: number;
  readonly claimedBy?: string;
  /** µs since the Unix epoch. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly occurrences: number;
  readonly nodes: number;
  /** What is shown of it: its gravest occurrence. */
  readonly lead: Incident;
}

export interface SeenIncident {
  readonly incident: Incident;
  /** Why something was or was not done, in sentences, newest first. */
  readonly decisions: readonly string[];
  readonly receipts: readonly Receipt[];
}

export interface Review {
  readonly act: string;
  readonly author: string;
  readonly reason: string;
  readonly version: number;
  /** ms since the Unix epoch. */
  readonly time: number;
  readonly document?: string;
  readonly until?: number;
}

export interface IncidentDetail extends ListedIncident {
  readonly seen: readonly SeenIncident[];
  /** Occurrences that are not among them. */
  readonly more: number;
  /** Oldest first. */
  readonly history: readonly Review[];
}

/** @throws FingerprintError */
export function readListed(value: unknown): ListedIncident {
  const row = new Answer(value);
  const lead = parseIncident(memberOf(value, 'lead'), 'lead');
  const [disposition, claimedBy, until] = [
    row.text('disposition'),
    row.text('claimedBy'),
    row.number('until'),
  ];
  return {
    id: row.text('id'),
    version: row.number('version'),
    severity: severities.find((s) => s === row.text('severity')) ?? lead.severity,
    state: row.text('state') === 'closed' ? 'closed' : 'open',
    ...(disposition === '' ? {} : { disposition }),
    ...(until === 0 ? {} : { until }),
    ...(claimedBy === '' ? {} : { claimedBy }),
    first: row.number('first'),
    last: row.number('last'),
    count: row.number('count'),
    occurrences: row.number('occurrences'),
    nodes: row.number('nodes'),
    lead,
  };
}

/** @throws FingerprintError */
export function readDetail(value: unknown): IncidentDetail {
  const [answer, seen] = [new Answer(value), memberOf(value, 'seen')];
  return {
    ...readListed(value),
    seen: (Array.isArray(seen) ? seen : []).map(readSeen),
    more: answer.number('more'),
    history: answer.list('history').map(readReview),
  };
}

function readSeen(value: unknown): SeenIncident {
  const receipts = memberOf(value, 'receipts');
  return {
    incident: parseIncident(memberOf(value, 'incident'), 'incident'),
    decisions: new Answer(value).list('decisions').map((d) => d.text('detail')),
    receipts: (Array.isArray(receipts) ? receipts : []).map((r) => parseReceipt(r, 'receipts')),
  };
}

function readReview(row: Answer): Review {
  const [document, until] = [row.text('document'), row.number('until')];
  return {
    act: row.text('act'),
    author: row.text('author'),
    reason: row.text('reason'),
    version: row.number('version'),
    time: row.number('time'),
    ...(document === '' ? {} : { document }),
    ...(until === 0 ? {} : { until }),
  };
}

/** What an agent or a line of state tells of one copy, as a row of that copy alone. */
export function listedAlone(incident: Incident, id: string = incident.id): ListedIncident {
  const { severity, first, last, drifts } = incident;
  const count = drifts.reduce((n, d) => n + d.count, 0);
  return {
    id,
    version: 1,
    severity,
    state: 'open',
    first,
    last,
    count,
    occurrences: 1,
    nodes: 1,
    lead: incident,
  };
}
