import type { ApprovedFingerprint } from '../../fingerprint/approval.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { open, statementPayloadType } from '../../fingerprint/envelope.ts';
import type { PrivateKey } from '../../fingerprint/keys.ts';
import { signApproval } from '../../fingerprint/sign-approval.ts';
import { parseStatement, type StatementOptions } from '../../fingerprint/statement.ts';
import { vendor } from './trust.ts';

const approvalOptions: StatementOptions = {
  stream: 'shop',
  version: 1,
  issuedAt: '2026-05-02T10:00:00Z',
};

/** What a person decides about these very bytes. */
export function itemFor(envelope: Uint8Array, more: Partial<ApprovedFingerprint> = {}): ApprovedFingerprint {
  const { payload } = open(envelope, [statementPayloadType]);
  const { subject } = parseStatement(payload).fingerprint;
  const fingerprint = `sha256:${sha256Hex(payload)}`;
  return { image: subject, fingerprint, mode: 'kill', carry: 'repository', ...more };
}

export function approvalFor(
  items: readonly ApprovedFingerprint[],
  more: Partial<StatementOptions> = {},
  by: PrivateKey = vendor,
): Uint8Array {
  const content = { items, reason: 'OPS-21: looked at it' };
  return signApproval(content, { ...approvalOptions, ...more }, by).envelope;
}
