import { countersign } from '../fingerprint/countersign.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import type { PrivateKey } from '../fingerprint/keys.ts';
import { printable } from '../fingerprint/printable.ts';
import { about } from './exit.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
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
  return { envelope, digest };
}
