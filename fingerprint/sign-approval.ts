import type { SiteApprovalContent } from './approval.ts';
import { sha256Hex } from './digest.ts';
import { open, seal, statementPayloadType } from './envelope.ts';
import type { PrivateKey } from './keys.ts';
import { approvalBytes, parseApproval } from './parse-approval.ts';
import { assertNoSecrets } from './sign.ts';
import type { StatementOptions } from './statement-options.ts';

export interface SignedApproval {
  readonly envelope: Uint8Array;
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
}

/**
 * Signs a site's decision; the same input gives the same bytes. Never signs what `verifyApproval` would refuse to read.
 * @throws SECRET_FOUND, SUBJECT, SCHEMA, TOO_LARGE
 */
export function signApproval(
  content: SiteApprovalContent,
  options: StatementOptions,
  key: PrivateKey,
): SignedApproval {
  // What was approved is named by digests; the words are the only place for a secret.
  assertNoSecrets({ reason: content.reason }, []);
  const payload = approvalBytes(content, options);
  parseApproval(payload);
  const envelope = seal(statementPayloadType, payload, [key]);
  open(envelope, [statementPayloadType]);
  return { envelope, digest: `sha256:${sha256Hex(payload)}` };
}
