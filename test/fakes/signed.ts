import { expect } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import type { PrivateKey } from '../../fingerprint/keys.ts';
import { type StatementOptions, statementBytes } from '../../fingerprint/statement.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, type VerifyContext, verifyFingerprint } from '../../fingerprint/verify.ts';
import { baseline, imageDigest, imageName, now, policy, signOptions, vendor } from './trust.ts';

/** Envelopes that say what a test wants them to say, properly signed. */
export type Json = Record<string, unknown>;
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const parse = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes));
export const image = `${imageName}@${imageDigest}`;

export const payload = statementBytes(baseline, signOptions);
export const statement = parse(payload);
export const predicate = parse(utf8(JSON.stringify(statement.predicate)));

export const seals = (bytes: Uint8Array, ...keys: PrivateKey[]): Uint8Array =>
  seal(statementPayloadType, bytes, keys);
export const signed = seals(payload, vendor);
/** Signed by the vendor, whatever it says. */
export const says = (value: unknown): Uint8Array => seals(canonicalBytes(value), vendor);
export const saysPredicate = (changes: Json): Uint8Array =>
  says({ ...statement, predicate: { ...predicate, ...changes } });
export const version = (changes: Partial<StatementOptions>, from: Baseline = baseline): Uint8Array =>
  seals(statementBytes(from, { ...signOptions, ...changes }), vendor);

export const verify = (
  bytes: Uint8Array,
  context: Partial<VerifyContext> = {},
  by: TrustPolicy = policy,
): VerifiedFingerprint => verifyFingerprint(bytes, by, { now, ...context });
export const refuses = (code: string, field?: string): object =>
  expect.objectContaining(field === undefined ? { code } : { code, field });
