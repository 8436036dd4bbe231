import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { readFrame, type StatementKind } from './statement-frame.ts';

/**
 * Which verifier an envelope is for, as it says itself: nothing about it is proved. What cannot be read is taken for a
 * fingerprint, whose verifier says what is wrong with it.
 */
export function kindOfEnvelope(bytes: Uint8Array): StatementKind {
  try {
    return readFrame(open(bytes, [statementPayloadType]).payload).kind;
  } catch (error) {
    if (error instanceof FingerprintError) return 'base';
    throw error;
  }
}
