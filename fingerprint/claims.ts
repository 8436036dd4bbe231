import { sha256Hex } from './digest.ts';
import { type OpenEnvelope, open, policyPayloadType, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { parseOverlay } from './overlay.ts';
import { parseApproval } from './parse-approval.ts';
import { parseStatement } from './statement.ts';
import { kindOfEnvelope } from './statement-kind.ts';
import type { Platform, StatementOptions } from './statement-options.ts';
import { parseJson } from './strict-json.ts';
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
  /** Whose key it says signed it, one for each signature; empty where it does not say. */
  readonly keyIds: readonly string[];
  /** What the scanner for secrets is to look through: everything but digests. */
  readonly content: object;
  readonly envelope: OpenEnvelope;
}

/** Reads any signed statement about images. @throws FingerprintError as the parser of its kind; PAYLOAD_TYPE for a policy */
export function readClaims(bytes: Uint8Array): Claims {
  const kind = kindOfEnvelope(bytes);
  const envelope = open(bytes, [statementPayloadType]);
  const keyIds = keyIdsIn(bytes, envelope);
  const read = { digest: `sha256:${sha256Hex(envelope.payload)}`, envelope, keyIds };
  switch (kind) {
    case 'base': {
      const { fingerprint, digests, platform } = parseStatement(envelope.payload);
      const { name } = fingerprint.subject;
      const { supersedes: _digest, ...content } = fingerprint;
      const about = { subjects: subjectsOf(name, digests), options: fingerprint, content };
      return { kind, ...read, ...about, ...(platform === undefined ? {} : { platform }) };
    }
    case 'overlay': {
      const { overlay, digests } = parseOverlay(envelope.payload);
      const { bindings, base: _digest, supersedes: _other, ...said } = overlay;
      const content = { ...said, sites: [...bindings.sites], volumes: [...bindings.volumes] };
      const subjects = subjectsOf(overlay.subject.name, digests);
      return { kind, ...read, subjects, options: overlay, content };
    }
    case 'approval': {
      const approval = parseApproval(envelope.payload);
      const subjects = approval.items.map((item) => item.image);
      const { reason, stream } = approval;
      return { kind, ...read, subjects, options: approval, content: { reason, stream } };
    }
    case 'trust-policy':
      throw new FingerprintError('PAYLOAD_TYPE', `is a ${policyPayloadType}, which is about no image`);
  }
}

/** A bundle has no ids, and for its one signature a hint: the same digest of the key in another spelling. */
function keyIdsIn(bytes: Uint8Array, { signatures }: OpenEnvelope): string[] {
  const ids = signatures.map((s) => s.keyId);
  const document = new Fields(parseJson(bytes), '', 'ENVELOPE_SHAPE');
  if (!document.has('verificationMaterial')) return ids;
  const hint = document.object('verificationMaterial').object('publicKey').raw('hint');
  const isKeyId = typeof hint === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(hint);
  return isKeyId ? [Buffer.from(hint, 'base64').toString('hex')] : ids;
}

function subjectsOf(name: string, digests: readonly string[]): Subject[] {
  return digests.map((digest) => ({ name, digest }));
}
