import { documentKind } from '../fingerprint/document-kind.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Baseline, Fingerprint } from '../fingerprint/fingerprint.ts';
import { parseBaseline } from '../fingerprint/parse-fingerprint.ts';
import { quoted } from '../fingerprint/phrase.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, exitCodes } from './exit.ts';
import { readFileOrAttached } from './file-or-attached.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** The largest envelope, with room for one that is to be refused by its own code. */
const maxBytes = 32 << 20;

/** A baseline or fingerprint that is looked at, not believed. */
export interface KnownFile {
  readonly path: string;
  readonly known: Baseline | Fingerprint;
  /** What the envelope claims; absent for a baseline. */
  readonly signed?: { readonly stream: string; readonly version: number; readonly signatures: number };
}

/**
 * Reads a baseline, envelope or Sigstore bundle for its content. No key is looked at: whoever wants to believe it runs
 * `verify`.
 * @param path a file, or an image reference: then the newest fingerprint that is published beside it
 * @throws CliError naming file, field and what is wrong
 */
export async function readKnown(io: Io, path: string): Promise<KnownFile> {
  const bytes = await readFileOrAttached(io, path, maxBytes);
  return about(
    fileName(path),
    () => {
      const value = parseJson(bytes, { bytes: maxBytes });
      const kind = documentKind(value);
      if (kind === 'a signed envelope' || kind === 'a Sigstore bundle') return readSigned(path, bytes);
      if (kind === undefined || kind === 'an unsigned baseline') return { path, known: parseBaseline(value) };
      throw new FingerprintError('SCHEMA', `is ${kind}, not a baseline or fingerprint`);
    },
    exitCodes.usage,
  );
}

function readSigned(path: string, bytes: Uint8Array): KnownFile {
  const { payload, signatures } = open(bytes, [statementPayloadType]);
  const { fingerprint } = parseStatement(payload);
  const { stream, version } = fingerprint;
  return { path, known: fingerprint, signed: { stream, version, signatures: signatures.length } };
}

/** What a document is, in a few words for the line above a comparison. */
export function titleOf({ path, known, signed }: KnownFile): string {
  const { events, lost, instances } = known.observation;
  const what =
    signed === undefined
      ? 'baseline, unsigned'
      : `version ${signed.version} of ${quoted(signed.stream)}, ${counted(signed.signatures, 'signature')} not checked here`;
  return `${quoted(fileName(path))} (${what}; ${counted(events, 'event')} of ${counted(instances.length, 'copy', 'copies')}, ${lost} lost)`;
}

export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
