import { type Asked, delimited, eachField } from '../grpc-stream/small-message.ts';

/** What goes beside the events, by field number (package `tracee.v1beta1`, equal in all releases from v0.20 on). */

export const methods = {
  events: '/tracee.v1beta1.TraceeService/StreamEvents',
  version: '/tracee.v1beta1.TraceeService/GetVersion',
  metrics: '/tracee.v1beta1.DiagnosticService/GetMetrics',
} as const;

export interface TraceeMetrics {
  /** Events it has given to whoever reads. */
  readonly events: number;
  /** Events the kernel had no room for: they reached nobody. */
  readonly lost: number;
}

const fields = { events: 1, lost: 6, version: 1, mask: 2, path: 1 } as const;

/** `StreamEventsRequest`: all policies; the fields of the mask, or all when it is empty. */
export function eventsRequest(mask: readonly string[]): Uint8Array {
  if (mask.length === 0) return new Uint8Array();
  return delimited(fields.mask, Buffer.concat(mask.map((path) => delimited(fields.path, Buffer.from(path)))));
}

/** @throws SourceError */
export function versionOf(answer: Uint8Array): string {
  let version = '';
  eachField(answer, asked('GetVersion'), (field, value) => {
    if (field === fields.version && typeof value !== 'number') version = Buffer.from(value).toString('utf8');
  });
  return version;
}

/** @throws SourceError */
export function metricsOf(answer: Uint8Array): TraceeMetrics {
  let events = 0;
  let lost = 0;
  eachField(answer, asked('GetMetrics'), (field, value) => {
    if (typeof value !== 'number') return;
    if (field === fields.events) events = value;
    if (field === fields.lost) lost = value;
  });
  return { events, lost };
}

function asked(method: string): Asked {
  return { called: 'Tracee', method };
}
