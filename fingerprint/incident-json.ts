import { parseAct, readActor } from './behaviour-json.ts';
import { behaviourKinds, origins } from './event.ts';
import { parseProcess, readSha256 } from './event-json.ts';
import { type Approval, type Drift, type Incident, maxDrifts, severities } from './incident.ts';
import { ObjectReader, readWord } from './object-reader.ts';
import { driftReasons, modes } from './verdict.ts';
import { parseInstance, parseWorkload } from './workload-json.ts';

/** Reads an incident from JSON of unknown origin. @throws SCHEMA with the field; unknown members are refused. */
export function parseIncident(value: unknown, field: string): Incident {
  const r = new ObjectReader(value, field);
  return r.end({
    id: r.value('id', readSha256),
    workload: r.value('workload', parseWorkload),
    instance: r.value('instance', parseInstance),
    severity: r.word('severity', severities),
    kinds: r.list('kinds', (v, f) => readWord(v, f, behaviourKinds), behaviourKinds.length),
    sentence: r.text('sentence', 4096),
    drifts: r.list('drifts', parseDrift, maxDrifts),
    more: r.integer('more'),
    first: r.integer('first'),
    last: r.integer('last'),
    culprit: r.value('culprit', parseProcess),
    ...r.optional('approval', () => r.value('approval', parseApproval)),
  });
}

/** @throws SCHEMA */
export function parseDrift(value: unknown, field: string): Drift {
  const r = new ObjectReader(value, field);
  return r.end({
    ...readActor(r),
    key: r.value('key', readSha256),
    kind: r.word('kind', behaviourKinds),
    because: r.word('because', driftReasons),
    subject: r.text('subject'),
    ...r.optional('act', () => r.value('act', parseAct)),
    ...r.optional('origin', () => r.word('origin', origins)),
    ...r.optional('sha256', () => r.value('sha256', readSha256)),
    ...r.optional('nearest', () => r.text('nearest')),
    severity: r.word('severity', severities),
    count: r.integer('count', 1),
    first: r.integer('first'),
    last: r.integer('last'),
    process: r.value('process', parseProcess),
    ...r.optional('found', () => r.flag('found')),
    ...r.optional('caller', () => r.text('caller', 256)),
  });
}

function parseApproval(value: unknown, field: string): Approval {
  const r = new ObjectReader(value, field);
  return r.end({
    fingerprint: r.text('fingerprint', 1024),
    version: r.integer('version'),
    signedBy: r.text('signedBy', 1024),
    maxMode: r.word('maxMode', modes),
    ...r.optional('neverLearnableMode', () => r.word('neverLearnableMode', modes)),
    ...r.optional('approvedBy', () => r.text('approvedBy', 1024)),
    ...r.optional('approvedUntil', () => r.text('approvedUntil', 40)),
    ...r.optional('carried', () => r.flag('carried')),
    ...r.optional('provisional', () => r.flag('provisional')),
  });
}
