import { FingerprintError } from './errors.ts';
import type { Fields } from './fields.ts';
import { isDigest } from './image-ref.ts';

/** `{sha256: HEX}` as in-toto writes the digest of another document. */
export function digestIn(fields: Fields): string {
  const digest = `sha256:${fields.text('sha256')}`;
  return isDigest(digest) ? digest : fields.fail('sha256', 'must be 64 lower-case hex digits');
}

/** @throws SUBJECT */
export function hexOf(digest: string): string {
  if (isDigest(digest)) return digest.slice('sha256:'.length);
  throw new FingerprintError('SUBJECT', 'a digest is written sha256: and 64 lower-case hex digits');
}
