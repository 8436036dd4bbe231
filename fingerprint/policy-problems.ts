import { type ErrorCode, FingerprintError } from './errors.ts';

/** More complaints than this help nobody. */
const maxProblems = 20;

/** Gathers everything that is wrong with a trust policy, so that it is mended in one go. */
export class PolicyProblems {
  readonly #found: { readonly code: ErrorCode; readonly text: string }[] = [];

  /** Undefined when something was wrong, which is kept. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      const text = `${error.field === '' ? '' : `${error.field} `}${error.message}`;
      this.#found.push({ code: error.code, text });
      return undefined;
    }
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** POLICY_SYNTAX, or WEAK_KEY when every problem is one. */
  error(): FingerprintError {
    const texts = this.#found.slice(0, maxProblems).map((p) => p.text);
    const more = this.#found.length - texts.length;
    const isWeak = this.#found.every((p) => p.code === 'WEAK_KEY');
    const message = texts.join('; ') + (more > 0 ? `; and ${more} more` : '');
    return new FingerprintError(isWeak ? 'WEAK_KEY' : 'POLICY_SYNTAX', message);
  }
}
