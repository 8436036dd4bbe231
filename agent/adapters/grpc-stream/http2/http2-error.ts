/** Error codes of HTTP/2 (RFC 9113 §7) that are sent or told apart here. */
export const errorCodes = {
  none: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  calm: 11,
} as const;

/** The server breaks the rules of HTTP/2: the connection ends, and is told why. */
export class Http2Error extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'Http2Error';
    this.code = code;
  }
}
