import type { Scope } from './fingerprint.ts';
import { isDigest, isSubjectName, unpushedDigest } from './image-ref.ts';
import { ObjectReader, readText, refuse } from './object-reader.ts';
import { type Instance, roles, type Subject, type Workload } from './workload.ts';

/** Names that are joined by newlines into keys (workloadKey): a newline inside would let one pose as another. */
function readName(value: unknown, field: string): string {
  const text = readText(value, field, 1024);
  return /\p{Cc}/u.test(text) ? refuse(field, 'must not hold control characters') : text;
}

function parseSubject(value: unknown, field: string): Subject {
  const r = new ObjectReader(value, field);
  const subject = r.end({ name: r.text('name'), digest: r.text('digest') });
  if (!isSubjectName(subject.name)) refuse(r.field('name'), 'must be an image repository or a service name');
  if (!isDigest(subject.digest))
    refuse(r.field('digest'), 'must be sha256: and 64 lower-case hexadecimal digits');
  return subject;
}

/** Of an unsigned baseline: without a digest it was recorded before its image was pushed. @throws SCHEMA */
export function parseBaselineSubject(value: unknown, field: string): Subject {
  const r = new ObjectReader(value, field);
  return r.has('digest')
    ? parseSubject(value, field)
    : parseSubject({ name: r.end({ name: r.text('name') }).name, digest: unpushedDigest }, field);
}

/** @throws SCHEMA */
export function parseScope(value: unknown, field: string): Scope {
  const r = new ObjectReader(value, field);
  return r.end(readPlace(r));
}

function readPlace(r: ObjectReader): Scope {
  const name = (member: string): string => r.value(member, readName);
  return {
    cluster: name('cluster'),
    namespace: name('namespace'),
    owner: name('owner'),
    container: name('container'),
    role: r.word('role', roles),
    ...r.optional('entry', () => r.value('entry', readName)),
  };
}

/** @throws SCHEMA */
export function parseWorkload(value: unknown, field: string): Workload {
  const r = new ObjectReader(value, field);
  return r.end({ ...readPlace(r), subject: r.value('subject', parseSubject) });
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
