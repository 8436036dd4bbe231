import { ObjectReader, readText, refuse } from './object-reader.ts';
import { parseSubject } from './parse-fingerprint.ts';
import { type Instance, roles, type Workload } from './workload.ts';

/** Names that are joined by newlines into keys (workloadKey): a newline inside would let one pose as another. */
function readName(value: unknown, field: string): string {
  const text = readText(value, field, 1024);
  return /\p{Cc}/u.test(text) ? refuse(field, 'must not hold control characters') : text;
}

/** @throws SCHEMA */
export function parseWorkload(value: unknown, field: string): Workload {
  const r = new ObjectReader(value, field);
  const name = (member: string): string => r.value(member, readName);
  return r.end({
    cluster: name('cluster'),
    namespace: name('namespace'),
    owner: name('owner'),
    container: name('container'),
    role: r.word('role', roles),
    ...r.optional('entry', () => r.value('entry', readName)),
    subject: r.value('subject', parseSubject),
  });
}

/** @throws SCHEMA */
export function parseInstance(value: unknown, field: string): Instance {
  const r = new ObjectReader(value, field);
  return r.end({
    id: r.value('id', readName),
    node: r.value('node', readName),
    ...r.optional('pod', () => r.value('pod', readName)),
    startedAt: r.integer('startedAt'),
  });
}
