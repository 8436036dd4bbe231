import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { open, statementPayloadType } from './envelope.ts';
import type { Baseline } from './fingerprint.ts';
import { assertNoSecrets } from './sign.ts';
import { exportedPredicate, parseStatement, type StatementOptions } from './statement.ts';
import { hexOf } from './statement-digest.ts';
import { olderStatementType, predicateType } from './statement-frame.ts';

export interface ExportOptions extends StatementOptions {
  /** Findings of the secret scanner a person looked at and allowed, by id. */
  readonly allowSecrets?: readonly string[];
}

/**
 * The predicate of a fingerprint for `cosign attest --predicate` or actions/attest, which name the image and sign. Never
 * one that `verify` would refuse to read in what they make of it; the same input gives the same bytes.
 * @throws SECRET_FOUND, SCHEMA, TOO_LARGE
 */
export function exportPredicate(baseline: Baseline, options: ExportOptions): Uint8Array {
  assertNoSecrets(baseline, options.allowSecrets ?? []);
  const predicate = exportedPredicate(baseline, options);
  const payload = wrapped(baseline, predicate);
  parseStatement(payload);
  const envelope = {
    payloadType: statementPayloadType,
    payload: encodeBase64(payload),
    signatures: [{ sig: '' }],
  };
  open(canonicalBytes(envelope), [statementPayloadType]);
  return canonicalBytes(predicate);
}

/** What cosign makes of it, but for the signature. */
function wrapped({ subject }: Baseline, predicate: object): Uint8Array {
  const { name, digest } = subject;
  return canonicalBytes({
    _type: olderStatementType,
    subject: [{ name, digest: { sha256: hexOf(digest) } }],
    predicateType,
    predicate,
  });
}
