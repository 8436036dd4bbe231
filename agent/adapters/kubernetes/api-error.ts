import { printable } from '../../../fingerprint/printable.ts';

export type ApiErrorCode =
  | 'unreachable'
  | 'certificate'
  /** The token file or the certificate file is not there, or is not one. */
  | 'no-access'
  | 'unauthorised'
  | 'forbidden'
  /** 410: what we knew is too old to go on from; everything has to be listed anew. */
  | 'expired'
  | 'busy'
  | 'too-large'
  | 'unexpected';

/** Why the Kubernetes API does not tell of something, for a person. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** It asked to be left alone for this long. */
  readonly retryAfterMs: number;
  constructor(code: ApiErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/**
 * An answer that is none of ours.
 *
 * @param message what the API wrote into its Status
 * @param rights whoever is refused lacks these
 */
export function refusal(status: number, message: string, retryAfterMs: number, rights: string): ApiError {
  const said = message === '' ? `status ${status}` : printable(message, 400);
  switch (status) {
    case 401:
      return new ApiError('unauthorised', `it does not accept the token (401): ${said}`);
    case 403:
      return new ApiError(
        'forbidden',
        `it refuses (403): ${said}; the agent needs ${rights} (deploy/kubernetes/agent-rbac.yaml)`,
      );
    case 410:
      return new ApiError('expired', `what was known is too old (410): ${said}`);
    case 429:
    case 503:
      return new ApiError('busy', `it is too busy (${status}): ${said}`, { retryAfterMs });
    default:
      return new ApiError('unexpected', `it answers with status ${status}: ${said}`);
  }
}

/** A connection that does not come about, or breaks. */
export function broken(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const code = codeOf(cause);
  const said = printable(cause instanceof Error ? cause.message : String(cause), 400);
  if (/CERT|SELF_SIGNED|VERIFY|^ERR_TLS/.test(code))
    return new ApiError('certificate', `its certificate is not one of the given authority (${said})`, {
      cause,
    });
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return new ApiError('unreachable', `what listens there speaks no TLS (${said})`, { cause });
  return new ApiError('unreachable', `it does not answer (${said})`, { cause });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
