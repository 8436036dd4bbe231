/** One error class for the package; the closed code is what callers branch on, the message is what a person reads. */
export const errorCodes = [
  // input
  'TOO_LARGE',
  'NOT_UTF8',
  'JSON_SYNTAX',
  'SCHEMA',
  'SUBJECT',
  'DIGEST_MISMATCH',
  // envelope and signature (reference: docs/format.md, verification steps)
  'ENVELOPE_SYNTAX',
  'ENVELOPE_SHAPE',
  'NO_SIGNATURE',
  'TOO_MANY_SIGNATURES',
  'BUNDLE_UNSUPPORTED',
  'BASE64',
  'PAYLOAD_TYPE',
  'UNKNOWN_KEY',
  'BAD_SIGNATURE',
  'WEAK_KEY',
  'KEY_SYNTAX',
  'KEY_PASSPHRASE',
  'KEY_NOT_ALLOWED',
  'NO_TRUSTED_SIGNATURE',
  'REVOKED_PAYLOAD',
  'KEY_REVOKED',
  'KEY_RETIRED',
  'KEY_NOT_YET_VALID',
  'KEY_EXPIRED',
  'THRESHOLD',
  'PAYLOAD_SYNTAX',
  'NOT_CANONICAL',
  'STATEMENT_TYPE',
  'PREDICATE_TYPE',
  'READER_TOO_OLD',
  'CRITICAL_UNKNOWN',
  'NO_RULE',
  'NO_LEARNER',
  'NOT_YET_VALID',
  'EXPIRED',
  'BELOW_MINIMUM',
  'ROLLBACK',
  'EQUIVOCATION',
  'REPO_MISMATCH',
  'PLATFORM_MISMATCH',
  'BASE_MISSING',
  'BASE_MISMATCH',
  'OVERLAY_FORBIDDEN',
  'APPROVAL_FORBIDDEN',
  'NOT_APPROVED',
  'SECRET_FOUND',
  'POLICY_SYNTAX',
  'POLICY_UNSAFE',
  'POLICY_ROLLBACK',
  'POLICY_CHAIN',
  'STATE_IO',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export class FingerprintError extends Error {
  readonly code: ErrorCode;
  /** Where in the document, as a path such as `programs[3].files[0].path`; empty for the document itself. */
  readonly field: string;

  constructor(code: ErrorCode, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FingerprintError';
    this.code = code;
    this.field = options.field ?? '';
  }
}
