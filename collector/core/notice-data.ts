import type { Drift, Incident } from '../../fingerprint/incident.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import { printable } from '../../fingerprint/printable.ts';
import { formatTime } from '../../fingerprint/time.ts';
import { type Json, type JsonObject, maxNoticeBytes } from './notice.ts';

/** Room for everything of a notice besides its data: title, workload and link at their longest, escaped. */
const maxDataBytes = maxNoticeBytes - 6 * 1024;
const maxLineage = 8;
const maxPids = 64;

/** The incident as far as it fits: what was cut is counted in `more`, never silently gone. */
export function incidentData(incident: Incident, besides: JsonObject = {}): JsonObject {
  const { instance, kinds, first, last, approval } = incident;
  const base = {
    ...besides,
    node: printable(instance.node),
    instance: printable(instance.id),
    ...(instance.pod === undefined ? {} : { pod: printable(instance.pod) }),
    kinds,
    first: formatTime(first),
    last: formatTime(last),
    approval: approval === undefined ? null : approvalData(approval),
  };
  const drifts: JsonObject[] = [];
  let room = maxDataBytes - size(base);
  for (const drift of incident.drifts) {
    const data = driftData(drift);
    room -= size(data) + 1;
    if (room < 0) break;
    drifts.push(data);
  }
  return { ...base, drifts, more: incident.more + incident.drifts.length - drifts.length };
}

function driftData({
  kind,
  because,
  severity,
  subject,
  lineage,
  count,
  key,
  origin,
  caller,
}: Drift): JsonObject {
  const cut = Math.max(0, lineage.length - maxLineage);
  return {
    key,
    kind,
    because,
    severity,
    subject: printable(subject),
    lineage: lineage.slice(cut).map((path) => printable(path)),
    ...(cut === 0 ? {} : { lineageCut: cut }),
    count,
    ...(origin === undefined ? {} : { origin }),
    ...(caller === undefined ? {} : { caller: printable(caller) }),
  };
}

function approvalData({ fingerprint, version, signedBy, maxMode, provisional }: Approval): Json {
  return {
    fingerprint: printable(fingerprint),
    version,
    signedBy: printable(signedBy),
    maxMode,
    provisional: provisional === true,
  };
}
type Approval = NonNullable<Incident['approval']>;

export function receiptData(receipt: Receipt): JsonObject {
  const { order, result, action, stopped, eventToStoppedUs, detail } = receipt;
  return {
    order: printable(order, 64),
    result,
    action: action ?? null,
    stopped: stopped.slice(0, maxPids),
    ...(stopped.length > maxPids ? { stoppedMore: stopped.length - maxPids } : {}),
    ...(eventToStoppedUs === undefined ? {} : { eventToStoppedUs }),
    ...(detail === undefined ? {} : { detail: printable(detail) }),
  };
}

/** Bytes of its JSON: what a receiver's limit counts. */
function size(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}
