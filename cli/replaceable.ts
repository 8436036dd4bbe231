import { documentKind } from '../fingerprint/document-kind.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { type DocumentKind, kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { CliError, exitCodes } from './exit.ts';
import { fileName } from './read-file.ts';

/** The largest document that is read; what is larger was not written by us. */
export const maxDocumentBytes = 32 << 20;

const signedKinds: Readonly<Record<DocumentKind, string>> = {
  base: 'a signed fingerprint',
  overlay: 'a signed overlay',
  approval: 'a signed approval',
  'trust-policy': 'a signed trust policy',
};

/**
 * An output may take the place of an earlier one of its kind. A key is lost for good, and with it every signature people
 * trust; a baseline that became an envelope, or a policy that became a fingerprint, is what a mistyped `--out` leaves.
 * @throws CliError when `next` would take the place of a key or of another kind of document
 */
export function assertReplaceable(path: string, standing: Uint8Array, next: Uint8Array): void {
  const there = kindOf(standing);
  if (there === undefined || (there !== key && [undefined, there].includes(kindOf(next)))) return;
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} is ${there} and is not replaced`,
    'name another file for what is written',
  );
}

const key = 'a key';

function kindOf(bytes: Uint8Array): string | undefined {
  if (new TextDecoder().decode(bytes.subarray(0, 11)) === '-----BEGIN ') return key;
  // A document of ours is a JSON object; nothing else is worth reading whole.
  if (!/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))) return undefined;
  try {
    const kind = documentKind(parseJson(bytes, { bytes: maxDocumentBytes }));
    return kind === 'a signed envelope' || kind === 'a Sigstore bundle'
      ? signedKinds[kindOfEnvelope(bytes)]
      : kind;
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}
