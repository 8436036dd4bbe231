import type { Claims } from '../fingerprint/claims.ts';
import { countersign } from '../fingerprint/countersign.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import type { PrivateKey } from '../fingerprint/keys.ts';
import { parseOverlay } from '../fingerprint/overlay.ts';
import { parseApproval } from '../fingerprint/parse-approval.ts';
import { printable } from '../fingerprint/printable.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { approvalSentences } from './approval-words.ts';
import { about } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { overlaySentences } from './overlay-words.ts';
import { fileName } from './read-file.ts';

/** Adds this key's signature to an envelope; says what is signed, because whoever signs answers for it. */
export function countersignFile(
  io: Io,
  path: string,
  bytes: Uint8Array,
  given: { readonly key: PrivateKey; readonly allowSecrets: readonly string[] },
): { readonly envelope: Uint8Array; readonly digest: string } {
  const { envelope, claims, isRepeated } = about(fileName(path), () =>
    countersign(bytes, given.key, given.allowSecrets),
  );
  const { kind, subjects, options, digest } = claims;
  const words = { base: 'the fingerprint', overlay: 'the overlay', approval: 'the approval' };
  const [first, ...more] = subjects;
  const image = first === undefined ? 'no image' : printable(formatImageRef(first), 300);
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  const stands = `version ${options.version} of ${printable(options.stream, 200)} for ${image}${rest}`;
  io.err(
    isRepeated
      ? `this key signed ${words[kind]} already: ${stands}`
      : `adds a signature to ${words[kind]}, ${stands}; the ${counted(claims.envelope.signatures.length, 'signature')} there before ${claims.envelope.signatures.length === 1 ? 'is' : 'are'} not checked`,
  );
  for (const sentence of saidIn(claims)) io.err(`  ${sentence}`);
  return { envelope, digest };
}

/** Four eyes are for what it decides and grants: read from the very bytes that are signed, all of it. */
function saidIn({ kind, envelope: { payload } }: Claims): readonly string[] {
  switch (kind) {
    case 'base': {
      const { behaviour } = parseStatement(payload).fingerprint;
      const entries = counted(grantsOf(behaviour).length, 'entry', 'entries');
      return [
        `${counted(behaviour.programs.length, 'program')}, ${entries}; whorl inspect tells all of them`,
      ];
    }
    case 'overlay': {
      const { overlay } = parseOverlay(payload);
      return [...overlaySentences(overlay), ...becauseOf(overlay)];
    }
    case 'approval': {
      const approval = parseApproval(payload);
      return [...approvalSentences(approval), ...becauseOf(approval)];
    }
  }
}

function becauseOf({ reason, expiresAt }: { reason?: string; expiresAt?: string }): readonly string[] {
  return [
    expiresAt === undefined ? 'without an end' : `until ${expiresAt}`,
    ...(reason === undefined ? [] : [`reason: ${printable(reason, 400)}`]),
  ];
}
