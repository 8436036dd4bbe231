import { sha256Hex } from './digest.ts';
import { open, seal, statementPayloadType } from './envelope.ts';
import type { PrivateKey } from './keys.ts';
import { type OverlayContent, overlayBytes, parseOverlay } from './overlay.ts';
import { assertNoSecrets } from './sign.ts';
import type { StatementOptions } from './statement-options.ts';

export interface SignedOverlay {
  readonly envelope: Uint8Array;
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
}

/**
 * Signs what a site adds to a fingerprint; the same input gives the same bytes. Never signs what `verifyOverlay` would
 * refuse to read.
 * @param allowSecrets findings of the secret scanner a person looked at and allowed, by id
 * @throws SECRET_FOUND, SUBJECT, SCHEMA, OVERLAY_FORBIDDEN, TOO_LARGE
 */
export function signOverlay(
  content: OverlayContent,
  options: StatementOptions,
  key: PrivateKey,
  allowSecrets: readonly string[] = [],
): SignedOverlay {
  const { bindings, reason = '', add, remove } = content;
  const said = { reason, sites: [...bindings.sites], volumes: [...bindings.volumes], add, remove };
  assertNoSecrets(said, allowSecrets);
  const payload = overlayBytes(content, options);
  parseOverlay(payload);
  const envelope = seal(statementPayloadType, payload, [key]);
  open(envelope, [statementPayloadType]);
  return { envelope, digest: `sha256:${sha256Hex(payload)}` };
}
