/** Why this node has nothing to show its collector. The message is for a person and says what to do. */
export class IdentityError extends Error {
  /** What the collector said, or what is wrong here. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'IdentityError';
    this.code = code;
  }
}
