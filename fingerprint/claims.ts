import { sha256Hex } from './digest.ts';
import { type OpenEnvelope, open, policyPayloadType, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { parseOverlay } from './overlay.ts';
import { parseApproval } from './parse-approval.ts';
import { parseStatement } from './statement.ts';
import type { Platform, StatementOptions } from './statement-frame.ts';
import { kindOfEnvelope } from './statement-kind.ts';
import type { Subject } from './workload.ts';

/** What an envelope says of itself. It is read in full, so that nothing unreadable is passed on; nothing of it is proved. */
export interface Claims {
  readonly kind: 'base' | 'overlay' | 'approval';
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /** Every image it is about, under every digest it names. */
  readonly subjects: readonly Subject[];
  readonly platform?: Platform;
  readonly options: StatementOptions;
  /** What the scanner for secrets is to look through: everything but digests. */
  readonly content: object;
  readonly envelope: OpenEnvelope;
}

/** Reads any signed statement about images. @throws FingerprintError as the parser of its kind; PAYLOAD_TYPE for a policy */
export function readClaims(bytes: Uint8Array): Claims {
  const kind = kindOfEnvelope(bytes);
  const envelope = open(bytes, [statementPayloadType]);
  const digest = `sha256:${sha256Hex(envelope.payload)}`;
  switch (kind) {
    case 'base': {
      const { fingerprint, digests, platform } = parseStatement(envelope.payload);
      const { name } = fingerprint.subject;
      const { supersedes: _digest, ...content } = fingerprint;
      const about = { subjects: subjectsOf(name, digests), options: fingerprint, content };
      return { kind, digest, ...about, envelope, ...(platform === undefined ? {} : { platform }) };
    }
    case 'overlay': {
      const { overlay, digests } = parseOverlay(envelope.payload);
      const { bindings, base: _digest, supersedes: _other, ...said } = overlay;
      const content = { ...said, sites: [...bindings.sites], volumes: [...bindings.volumes] };
      const subjects = subjectsOf(overlay.subject.name, digests);
      return { kind, digest, subjects, options: overlay, content, envelope };
    }
    case 'approval': {
      const approval = parseApproval(envelope.payload);
      const subjects = approval.items.map((item) => item.image);
      const { reason, stream } = approval;
      return { kind, digest, subjects, options: approval, content: { reason, stream }, envelope };
    }
    case 'trust-policy':
      throw new FingerprintError('PAYLOAD_TYPE', `is a ${policyPayloadType}, which is about no image`);
  }
}

function subjectsOf(name: string, digests: readonly string[]): Subject[] {
  return digests.map((digest) => ({ name, digest }));
}
