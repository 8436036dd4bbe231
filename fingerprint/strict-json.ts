import { FingerprintError } from './errors.ts';
import { JsonReader } from './json-reader.ts';

/** Larger than any baseline of 20 000 entries; what is signed is held to the smaller limit of its envelope. */
const defaultBytes = 16 * 1024 * 1024;
const defaultDepth = 64;

export interface JsonLimits {
  readonly bytes?: number;
  readonly depth?: number;
}

/**
 * Reads one JSON value from untrusted bytes, in one way only: what two parsers could read differently is refused
 * (duplicate members, lone surrogates, a byte order mark, trailing data), so that nobody signs one thing and checks
 * another. Throws TOO_LARGE, NOT_UTF8 or JSON_SYNTAX with line and column; the caller adds the name of the file.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): unknown {
  const maxBytes = limits.bytes ?? defaultBytes;
  if (bytes.length > maxBytes) {
    throw new FingerprintError(
      'TOO_LARGE',
      `the document has ${bytes.length} bytes, at most ${maxBytes} are read`,
    );
  }
  return new JsonReader(decodeUtf8(bytes), limits.depth ?? defaultDepth).document();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // ignoreBOM keeps the mark in the text, where the reader refuses it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FingerprintError(
      'NOT_UTF8',
      'the document is not UTF-8 text; is it a binary or compressed file?',
      {
        cause,
      },
    );
  }
}
