import { FingerprintError } from './errors.ts';
import type { Subject } from './workload.ts';

/**
 * Stands for the digest of an image that has none yet: `record` watches what was built a minute ago, `sign --image` fills
 * the digest in after the push. No image ever has it, so nothing is judged by a fingerprint that still does.
 */
export const unpushedDigest = `sha256:${'0'.repeat(64)}`;

const digestForm = /^sha256:[0-9a-f]{64}$/;
/** Printable ASCII without spaces and `@`: repositories, service names, generalised cgroup paths. */
const nameForm = /^[!-?A-~]{1,512}$/;

/** Whether a text is `sha256:` and 64 lower-case hex digits. */
export function isDigest(text: string): boolean {
  return digestForm.test(text);
}

export function isSubjectName(text: string): boolean {
  return nameForm.test(text);
}

/** Reads `NAME@sha256:HEX`. @throws SUBJECT */
export function parseImageRef(text: string): Subject {
  const at = text.lastIndexOf('@');
  const subject = { name: text.slice(0, Math.max(at, 0)), digest: text.slice(at + 1) };
  if (isSubjectName(subject.name) && isDigest(subject.digest)) return subject;
  throw new FingerprintError('SUBJECT', 'an image is written NAME@sha256:HEX with 64 lower-case hex digits');
}

/** The subject as it is shown and written: the digest of an image that has none yet is left out. */
export function shownSubject({ name, digest }: Subject): { readonly name: string; readonly digest?: string } {
  return digest === unpushedDigest ? { name } : { name, digest };
}

export function formatImageRef(subject: Subject): string {
  return `${subject.name}@${subject.digest}`;
}
