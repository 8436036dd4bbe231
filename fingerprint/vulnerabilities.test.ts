import { describe, expect, it } from 'vitest';
import { fixture, packaged } from '../test/fakes/packaged.ts';
import { FingerprintError } from './errors.ts';
import { readSbom } from './sbom.ts';
import { readScannerReport } from './scanner-report.ts';
import { rankVulnerabilities, type Vulnerability } from './vulnerabilities.ts';

const trivy = readScannerReport(fixture('trivy-report.json'));
const grype = readScannerReport(fixture('grype-report.json'));
const sbom = readSbom(fixture('syft-debian.spdx.json'));
const sentences = (vs: readonly Vulnerability[]): string[] => vs.map((v) => v.sentence);
const never = 'never executed or loaded in 3 copies, 90311 events';

describe('vulnerabilities by whether their package ran', () => {
  it('joins the report of Trivy to an SBOM of another tool', () => {
    expect(sentences(rankVulnerabilities(packaged, trivy, sbom))).toEqual([
      'CVE-2023-45853 (critical) in `zlib1g` `1:1.2.13.dfsg-1` (deb): loaded by `nginx`',
      'CVE-2023-45288 (medium) in `golang.org/x/net` `v0.17.0` (golang): executed (`/app/server`); fixed in `0.23.0`',
      'CVE-2024-0727 (medium) in `libssl3` `3.0.11-1~deb12u2` (deb): loaded by `nginx`; fixed in `3.0.13-1~deb12u1`',
      `CVE-2021-44228 (critical) in \`org.apache.logging.log4j:log4j-core\` \`2.14.1\` (maven): ${never}; fixed in \`2.15.0\`; the SBOM does not name this package`,
      `CVE-2023-31484 (high) in \`perl-base\` \`5.36.0-7+deb12u1\` (deb): ${never}`,
      `CVE-2023-46218 (high) in \`curl\` \`7.88.1-10+deb12u5\` (deb): ${never}`,
    ]);
  });

  it("does without an SBOM where the report lists packages' files", () => {
    const ranked = rankVulnerabilities(packaged, trivy, undefined);
    expect(ranked.map((v) => [v.id, v.use, v.matched])).toEqual([
      ['CVE-2023-45853', 'loaded', true],
      ['CVE-2023-45288', 'executed', true],
      ['CVE-2024-0727', 'loaded', true],
      ['CVE-2021-44228', 'unseen', true],
      ['CVE-2023-31484', 'unseen', true],
      ['CVE-2023-46218', 'unseen', true],
    ]);
  });

  it('says of Grype what can be said: places of programs, nothing of packages of the system', () => {
    expect(sentences(rankVulnerabilities(packaged, grype, undefined))).toEqual([
      'GHSA-4374-p667-p6c8 = CVE-2023-39325 (high) in `golang.org/x/net` `v0.17.0` (golang): executed (`/app/server`); fixed in `0.17.1`',
      'CVE-2023-31484 (high) in `perl-base` `5.36.0-7+deb12u1` (deb): cannot be told, nothing says which files it has',
      'CVE-2024-0727 (medium) in `libssl3` `3.0.11-1~deb12u2` (deb): cannot be told, nothing says which files it has; fixed in `3.0.13-1~deb12u1`',
      'CVE-2011-3374 (negligible) in `apt` `2.6.1` (deb): cannot be told, nothing says which files it has',
    ]);
  });

  it('tells a package that the SBOM does not name', () => {
    const apt = rankVulnerabilities(packaged, grype, sbom).find((v) => v.package.name === 'apt');
    expect(apt).toMatchObject({ use: 'unknown', matched: false });
    expect(apt?.sentence).toContain('the SBOM does not name this package');
  });

  it('joins by name, version and type where one side has no purl, and never by name alone', () => {
    const report = (version: string): Vulnerability | undefined => {
      const artifact = { name: 'libssl3', version, type: 'deb' };
      const match = { vulnerability: { id: 'CVE-1', severity: 'High' }, artifact };
      const read = readScannerReport(Buffer.from(JSON.stringify({ matches: [match] })));
      return rankVulnerabilities(packaged, read, sbom)[0];
    };
    expect(report('3.0.11-1~deb12u2')).toMatchObject({ use: 'loaded', matched: true });
    expect(report('3.0.14-1')).toMatchObject({ use: 'unknown', matched: false });
  });
});

describe('a report that cannot be read', () => {
  it.each([
    [[], /before version 0\.20/],
    [{ bomFormat: 'CycloneDX' }, /--sbom/],
    [{ runs: [] }, /SARIF/],
    [{}, /no JSON report/],
    [{ SchemaVersion: 1 }, /SchemaVersion/],
    [{ matches: {} }, /must be a list/],
  ])('%j', (document, why) => {
    const read = (): unknown => readScannerReport(Buffer.from(JSON.stringify(document)));
    expect(read).toThrow(FingerprintError);
    expect(() => {
      try {
        read();
      } catch (error) {
        throw error instanceof FingerprintError ? new Error(`${error.field} ${error.message}`) : error;
      }
    }).toThrow(why);
  });
});
