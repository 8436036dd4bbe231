import fc from 'fast-check';
import { describe, it } from 'vitest';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { Owners } from '../../fingerprint/package-owner.ts';
import { packageUse } from '../../fingerprint/package-use.ts';
import { readSbom } from '../../fingerprint/sbom.ts';
import { readScannerReport } from '../../fingerprint/scanner-report.ts';
import { rankVulnerabilities } from '../../fingerprint/vulnerabilities.ts';
import { fixture, packaged } from '../fakes/packaged.ts';

/** Any value in place of any member: what tools of tomorrow or an attacker may write. */
const values = fc.oneof(
  fc.constantFrom(null, true, 0, '', [], {}, [null], { name: [] }, 'constructor', '/../x', '__proto__'),
  fc.jsonValue({ maxDepth: 2 }),
);
const changes = fc.array(fc.tuple(fc.nat(4000), values), { minLength: 1, maxLength: 4 });

function changed(document: unknown, edits: readonly (readonly [number, unknown])[]): unknown {
  const copy: unknown = structuredClone(document);
  for (const [at, value] of edits) {
    const places: [object, string][] = [];
    collect(copy, places);
    const place = places[at % places.length];
    if (place !== undefined) Reflect.set(place[0], place[1], value);
  }
  return copy;
}

function collect(value: unknown, into: [object, string][]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    into.push([value, key]);
    collect(member, into);
  }
}

/** Read to the end, or refused in words: nothing else may come of a document. */
function readOrRefused(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
  }
}

describe('whatever stands in them', () => {
  it.each([
    'syft-debian.cdx.json',
    'syft-debian.spdx.json',
    'trivy-debian.cdx.json',
    'trivy-debian.spdx.json',
    'cdxgen.cdx.json',
  ])('%s is read or refused', (file) => {
    const document: unknown = JSON.parse(Buffer.from(fixture(file)).toString());
    fc.assert(
      fc.property(changes, (edits) =>
        readOrRefused(() => {
          const sbom = readSbom(Buffer.from(JSON.stringify(changed(document, edits))));
          packageUse(packaged, new Owners(sbom), sbom.packages);
        }),
      ),
      { seed: 4711, numRuns: 200 },
    );
  });

  it.each(['trivy-report.json', 'grype-report.json'])('%s is read or refused', (file) => {
    const document: unknown = JSON.parse(Buffer.from(fixture(file)).toString());
    fc.assert(
      fc.property(changes, (edits) =>
        readOrRefused(() => {
          const report = readScannerReport(Buffer.from(JSON.stringify(changed(document, edits))));
          rankVulnerabilities(packaged, report, undefined);
        }),
      ),
      { seed: 4711, numRuns: 200 },
    );
  });
});
