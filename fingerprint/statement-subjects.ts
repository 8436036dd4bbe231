import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { isDigest, isSubjectName } from './image-ref.ts';
import { hexOf } from './statement-digest.ts';
import type { Platform } from './statement-options.ts';
import type { Subject } from './workload.ts';

/** An index, its manifests and their configurations for every platform there is. */
const maxSubjects = 64;

/** One of the digests that an image goes by; a node may be told any of them. */
export interface ImagePart {
  readonly digest: string;
  readonly role: 'index' | 'manifest' | 'config';
  /** Absent for an index, which is about all of its platforms. */
  readonly platform?: Platform;
}

/** One image under all digests it goes by: the index first, then manifests, then configurations. */
export function subjectsFor(name: string, parts: readonly ImagePart[]): object[] {
  const rank = { index: 0, manifest: 1, config: 2 };
  const order = (a: ImagePart, b: ImagePart): number =>
    rank[a.role] - rank[b.role] || (a.digest < b.digest ? -1 : 1);
  return parts.toSorted(order).map(({ digest, role, platform }) => ({
    name,
    digest: { sha256: hexOf(digest) },
    annotations: {
      role,
      ...(platform === undefined ? {} : { platform: `${platform.os}/${platform.architecture}` }),
    },
  }));
}

/** All name the same image. @throws SUBJECT */
export function subjectsOf(statement: Fields): readonly [Subject, ...Subject[]] {
  const list = statement.raw('subject');
  if (!Array.isArray(list) || list.length > maxSubjects)
    throw subjectError(`must be a list of at most ${maxSubjects}`);
  const [first, ...rest] = list.map((entry: unknown, i) =>
    subjectOf(new Fields(entry, `subject[${i}]`, 'SUBJECT')),
  );
  if (first === undefined) throw subjectError('names no image');
  if (rest.some((s) => s.name !== first.name)) throw subjectError('must have the same name in every entry');
  return [first, ...rest];
}

function subjectOf(fields: Fields): Subject {
  const name = fields.text('name');
  const digest = `sha256:${fields.object('digest').text('sha256')}`;
  if (!isSubjectName(name)) return fields.fail('name', 'must be an image repository or a service name');
  if (!isDigest(digest)) return fields.fail('digest', 'must hold sha256 with 64 lower-case hex digits');
  return { name, digest };
}

function subjectError(message: string): FingerprintError {
  return new FingerprintError('SUBJECT', message, { field: 'subject' });
}
