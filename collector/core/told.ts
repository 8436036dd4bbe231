import { type BehaviourKind, behaviourKinds } from '../../fingerprint/event.ts';
import { type Severity, severities } from '../../fingerprint/incident.ts';
import { ObjectReader, readWord } from '../../fingerprint/object-reader.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { NoticeWorkload } from './notice.ts';
import { readNoticeWorkload } from './notice-json.ts';

/** Orders and decisions of one incident that are told one by one: a node that makes receipts up must not go on for ever. */
export const maxToldFacts = 64;

/** What people were told about one subject: what comes next is news only against this. Kept as long as the incident may grow. */
export interface Told {
  /** Notices so far; part of the next one's id. */
  readonly count: number;
  /** Of what is in one state at a time: the last one told. */
  readonly state?: string;
  readonly incident?: ToldIncident;
}

export interface ToldIncident {
  readonly severity: Severity;
  readonly kinds: readonly BehaviourKind[];
  readonly title: string;
  readonly workload: NoticeWorkload;
  /** What was told once and is not told again, such as `held brake-node`. */
  readonly facts: readonly string[];
}

export function toldText(told: Told): string {
  return JSON.stringify(told);
}

/** Our own text, of this release or an earlier one. @throws FingerprintError */
export function parseTold(text: string): Told {
  const r = new ObjectReader(parseJson(Buffer.from(text)), 'told');
  return r.end({
    count: r.integer('count'),
    ...r.optional('state', () => r.text('state', 64)),
    ...r.optional('incident', () => r.value('incident', readIncident)),
  });
}

function readIncident(value: unknown, field: string): ToldIncident {
  const r = new ObjectReader(value, field);
  return r.end({
    severity: r.word('severity', severities),
    kinds: r.list('kinds', (v, f) => readWord(v, f, behaviourKinds), behaviourKinds.length),
    title: r.text('title', 1024),
    workload: r.value('workload', readNoticeWorkload),
    facts: r.list('facts', (v) => String(v), maxToldFacts),
  });
}
