import { FingerprintError } from './errors.ts';
import { member, textMember } from './loose-json.ts';
import { readCycloneDx } from './sbom-cyclonedx.ts';
import { readSpdx } from './sbom-spdx.ts';
import type { PackageFiles } from './software-package.ts';
import { parseJson } from './strict-json.ts';

/** What an image is made of, as a CycloneDX or SPDX document says it. */
export interface Sbom {
  /** `CycloneDX 1.6`, `SPDX 2.3`. */
  readonly format: string;
  /** `syft 1.18.1`; '' when not told. */
  readonly tool: string;
  /** `sha256:HEX` by which it names its image: of index, manifest or configuration; empty when it names none. */
  readonly digests: readonly string[];
  readonly packages: readonly PackageFiles[];
  /** Files it knows, whether or not it says whose they are. */
  readonly listed: ReadonlySet<string>;
  /** What a person should know of how it was read. */
  readonly notes: readonly string[];
}

/** Four times the largest that is published of a public image, every file listed. */
export const maxSbomBytes = 64 << 20;

/**
 * Reads an SBOM in CycloneDX JSON or SPDX 2 JSON. Strict about form and size; members that do not matter here are passed
 * over.
 * @throws FingerprintError TOO_LARGE, NOT_UTF8, JSON_SYNTAX or SCHEMA
 */
export function readSbom(bytes: Uint8Array): Sbom {
  const document = parseJson(bytes, { bytes: maxSbomBytes });
  if (member(document, 'bomFormat') === 'CycloneDX') return readCycloneDx(document);
  if (textMember(document, 'spdxVersion') !== '') return readSpdx(document);
  throw new FingerprintError('SCHEMA', whatElse(document));
}

/** Whoever names the wrong file is helped by what it is. */
function whatElse(document: unknown): string {
  if (member(document, '@graph') !== undefined)
    return 'is SPDX 3, which is not read; SPDX 2.3 is (syft -o spdx-json, trivy --format spdx-json)';
  if (member(document, 'artifacts') !== undefined && member(document, 'descriptor') !== undefined)
    return "is syft's own JSON; -o spdx-json and -o cyclonedx-json are read";
  if (member(document, 'Results') !== undefined || member(document, 'matches') !== undefined)
    return 'is the report of a scanner: that goes with --vulns';
  return 'is neither CycloneDX JSON nor SPDX JSON';
}
