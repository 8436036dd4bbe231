import type { SourceNote } from '../core/source-note.ts';

/** The seams of the agent. An adapter does one thing behind one of these; only main.ts knows which. */

/** Takes what a source delivers, at once: it returns when all of it was judged. */
export interface SourceSink {
  /**
   * Bytes as the source wrote them, cut anywhere; the normaliser of the same name turns them into events. They are the
   * source's to use again as soon as this returns.
   *
   * @param receivedAt µs since the Unix epoch when the bytes reached us.
   */
  bytes(bytes: Uint8Array, receivedAt: number): void;
  note(note: SourceNote): void;
}

export interface EventSource {
  /** Picks the normaliser: `sensor`, `tracee` … */
  readonly name: string;
  /**
   * Delivers until `signal` aborts or the source ends. Reads always and never waits for the sink: a source that is not
   * read stops a whole node.
   *
   * @throws SourceError when it cannot start or ended badly, with what is missing and how to mend it.
   */
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
}

export class SourceError extends Error {
  readonly code:
    | 'no-permission'
    | 'no-btf'
    | 'no-compiler'
    | 'not-linux'
    | 'source-ended'
    | 'bad-recording'
    /** What the configuration says of it cannot be. */
    | 'bad-setting'
    /** Nobody listens there, or not what was meant: another service, another version, no TLS, a wrong certificate. */
    | 'unreachable'
    | 'wrong-service'
    | 'wrong-certificate'
    /** It is there and delivers nothing any more. */
    | 'wedged';
  constructor(code: SourceError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SourceError';
    this.code = code;
  }
}
