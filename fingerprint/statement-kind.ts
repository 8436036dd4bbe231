import { open, policyPayloadType, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { approvalPredicateType, type StatementKind } from './statement-frame.ts';
import { parseJson } from './strict-json.ts';

/** Everything that is signed and travels: what a vendor or a site says of an image, and whom a site believes. */
export type DocumentKind = StatementKind | 'approval' | 'trust-policy';

/**
 * Which verifier an envelope is for, as it says itself: nothing about it is proved. What cannot be read is taken for a
 * fingerprint, whose verifier says what is wrong with it.
 */
export function kindOfEnvelope(bytes: Uint8Array): DocumentKind {
  try {
    const { payload, payloadType } = open(bytes, [statementPayloadType, policyPayloadType]);
    if (payloadType === policyPayloadType) return 'trust-policy';
    const statement = new Fields(parseJson(payload), '', 'SCHEMA');
    if (statement.raw('predicateType') === approvalPredicateType) return 'approval';
    return statement.object('predicate').raw('kind') === 'overlay' ? 'overlay' : 'base';
  } catch (error) {
    if (error instanceof FingerprintError) return 'base';
    throw error;
  }
}
