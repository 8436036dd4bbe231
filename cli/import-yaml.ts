import { parseAllDocuments } from 'yaml';
import { FingerprintError } from '../fingerprint/errors.ts';
import { printable } from '../fingerprint/printable.ts';

/** A profile and its network, and room for a few more. */
const maxDocuments = 16;

/**
 * The documents of a YAML file (JSON is YAML) as plain values. No alias is followed: nine of them in a row are a billion
 * copies, and nobody writes a profile with one. No tag makes anything but the plain types.
 * @throws FingerprintError NOT_UTF8, SCHEMA with the line
 */
export function readYaml(bytes: Uint8Array): readonly unknown[] {
  const documents = parseAllDocuments(decode(bytes), {
    schema: 'core',
    version: '1.2',
    uniqueKeys: true,
    resolveKnownTags: false,
    logLevel: 'silent',
    prettyErrors: true,
  });
  if (!Array.isArray(documents) || documents.length === 0)
    throw new FingerprintError('SCHEMA', 'holds no document');
  if (documents.length > maxDocuments)
    throw new FingerprintError(
      'SCHEMA',
      `holds ${documents.length} documents, at most ${maxDocuments} are read`,
    );
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw notYaml(error.message);
    try {
      const value: unknown = document.toJS({ maxAliasCount: 0 });
      return value === null ? [] : [value];
    } catch (cause) {
      throw notYaml(cause instanceof Error ? cause.message : String(cause));
    }
  });
}

function notYaml(message: string): FingerprintError {
  return new FingerprintError(
    'SCHEMA',
    `cannot be read as YAML: ${printable((message.split('\n', 1)[0] ?? '').replace(/:$/, ''), 200)}`,
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FingerprintError(
      'NOT_UTF8',
      'the document is not UTF-8 text; is it a binary or compressed file?',
      {
        cause,
      },
    );
  }
}
