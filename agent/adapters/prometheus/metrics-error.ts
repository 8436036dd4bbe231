/** Why a page of metrics could not be read, in a sentence for a person. */
export class MetricsError extends Error {
  readonly code:
    | 'bad-address'
    | 'unreachable'
    | 'too-slow'
    | 'too-large'
    /** Something answers there, and not with these metrics. */
    | 'wrong-service'
    | 'malformed';
  constructor(code: MetricsError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MetricsError';
    this.code = code;
  }
}
