import type { Fields } from './fields.ts';
import { digestIn } from './statement-digest.ts';

/** As registries write them: `linux`, `arm64`. */
const platformWord = /^[a-z0-9._-]{1,40}$/;

/** Which of an index's images a manifest is. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** Where a statement stands in its sequence. Times as `2026-05-01T08:00:00Z`. */
export interface StatementOptions {
  /** The sequence that versions count in: one per repository and release line. */
  readonly stream: string;
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  /** `sha256:HEX` of the payload this one replaces. */
  readonly supersedes?: string;
  /** Absent: whatever the digests say. */
  readonly platform?: Platform;
}

/** Where a statement stands in its sequence, and until when. */
export function optionsOf(predicate: Fields): StatementOptions {
  const issuedAt = predicate.timestamp('issuedAt');
  const expiresAt = predicate.optionalTimestamp('expiresAt');
  // Texts of one fixed form in UTC: they sort as the times they stand for.
  if (expiresAt !== undefined && expiresAt <= issuedAt)
    predicate.fail('expiresAt', 'must be later than issuedAt');
  const supersedes = predicate.has('supersedes') ? digestIn(predicate.object('supersedes')) : undefined;
  return {
    stream: predicate.text('stream'),
    version: predicate.integer('version', 1),
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(supersedes === undefined ? {} : { supersedes }),
    ...(predicate.has('platform') ? { platform: platformOf(predicate.object('platform')) } : {}),
  };
}

/** Both members and no other: one that nobody knows may be meant to narrow. */
function platformOf(fields: Fields): Platform {
  fields.only('os', 'architecture');
  const word = (name: 'os' | 'architecture'): string => {
    const text = fields.text(name);
    return platformWord.test(text)
      ? text
      : fields.fail(name, 'must be a word as registries write it: linux, amd64');
  };
  return { os: word('os'), architecture: word('architecture') };
}
