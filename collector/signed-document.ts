import type { SiteApproval } from '../fingerprint/approval.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { open, policyPayloadType, statementPayloadType } from '../fingerprint/envelope.ts';
import { type Overlay, parseOverlay } from '../fingerprint/overlay.ts';
import { parseApproval } from '../fingerprint/parse-approval.ts';
import { readSignedPolicy } from '../fingerprint/policy-chain.ts';
import { parseStatement, type Statement } from '../fingerprint/statement.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { Subject } from '../fingerprint/workload.ts';

interface Document {
  readonly envelope: Uint8Array;
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /** The sequence that its versions count in, of its kind. */
  readonly stream: string;
  readonly version: number;
  readonly subjects: readonly Subject[];
}

/** What people sign and the collector hands out, as it says itself. */
export type SignedDocument = Document &
  (
    | { readonly kind: 'base'; readonly statement: Statement }
    | { readonly kind: 'overlay'; readonly overlay: Overlay }
    | { readonly kind: 'approval'; readonly approval: SiteApproval }
    | { readonly kind: 'trust-policy' }
  );

/** Reads a document. Nothing is proved about it. @throws FingerprintError */
export function readSigned(envelope: Uint8Array): SignedDocument {
  const { payload } = open(envelope, [statementPayloadType, policyPayloadType]);
  const about = { envelope, digest: `sha256:${sha256Hex(payload)}` };
  const kind = kindOfEnvelope(envelope);
  switch (kind) {
    case 'base': {
      const statement = parseStatement(payload);
      const { platform } = statement;
      const { subject, stream, version } = statement.fingerprint;
      const parts = [subject.name, stream, platform?.os ?? '', platform?.architecture ?? ''];
      return { ...about, kind, stream: parts.join('\n'), version, subjects: [subject], statement };
    }
    case 'overlay': {
      const { overlay } = parseOverlay(payload);
      const { subject, stream, version } = overlay;
      return { ...about, kind, stream: `${subject.name}\n${stream}`, version, subjects: [subject], overlay };
    }
    case 'approval': {
      const approval = parseApproval(payload);
      const subjects = approval.items.map((item) => item.image);
      return { ...about, kind, stream: approval.stream, version: approval.version, subjects, approval };
    }
    case 'trust-policy': {
      const { version } = readSignedPolicy(envelope).policy;
      return { ...about, kind, stream: '', version, subjects: [] };
    }
  }
}
