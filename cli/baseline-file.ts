import { baselineText } from '../fingerprint/baseline-text.ts';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { documentKind } from '../fingerprint/document-kind.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { parseBaseline } from '../fingerprint/parse-fingerprint.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** Room for a baseline of 20 000 entries. */
const maxBytes = 16 << 20;

/** A baseline from a local file. @throws CliError naming file, field and what is wrong */
export async function readBaseline(io: Io, path: string): Promise<Baseline> {
  return parsedBaseline(await io.readFile(path, { maxBytes }), path);
}

/** The same of bytes that were read already. */
export function parsedBaseline(bytes: Uint8Array, path: string): Baseline {
  return about(fileName(path), () => {
    const value = parseJson(bytes, { bytes: maxBytes });
    const kind = documentKind(value);
    if (kind !== undefined && kind !== 'an unsigned baseline') {
      throw new FingerprintError('SCHEMA', `is ${kind}, not a baseline; \`whorl learn\` writes one`);
    }
    return parseBaseline(value);
  });
}

/** As a file: what was recorded under test stays in the form in which people review it. */
export function baselineBytes(baseline: Baseline): Uint8Array {
  const { ran } = baseline.observation;
  if (ran !== undefined) return Buffer.from(baselineText(baseline));
  return Buffer.concat([canonicalBytes(baseline), Buffer.from('\n')]);
}
