import type { Command } from 'commander';
import type { Baseline, Fingerprint } from '../fingerprint/fingerprint.ts';
import { unpushedDigest } from '../fingerprint/image-ref.ts';
import { Owners } from '../fingerprint/package-owner.ts';
import { packageUse, type UseReport } from '../fingerprint/package-use.ts';
import { maxSbomBytes, readSbom, type Sbom } from '../fingerprint/sbom.ts';
import type { ScannerReport } from '../fingerprint/scanner-finding.ts';
import { readScannerReport } from '../fingerprint/scanner-report.ts';
import { rankVulnerabilities, type Vulnerability } from '../fingerprint/vulnerabilities.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** What `--sbom` and `--vulns` bring to a baseline. */
export interface Packages {
  readonly sbom?: Sbom;
  readonly owners?: Owners;
  readonly use?: UseReport;
  readonly vulnerabilities?: readonly Vulnerability[];
}

export interface PackageOptions {
  readonly sbom?: string;
  readonly vulns?: string;
}

/** The options of every verb that says whose the code is. */
export function packageOptions(verb: Command): Command {
  return verb
    .option('--sbom <file>', 'CycloneDX or SPDX JSON of the image: name the package of what runs')
    .option('--vulns <file>', 'JSON report of Trivy or Grype, sorted by whether the package really ran');
}

/** Reads what the options name and tells on stderr what a person must know of it. */
export async function readPackages(
  io: Io,
  known: Baseline | Fingerprint,
  options: PackageOptions,
): Promise<Packages> {
  const names = [options.sbom, options.vulns].filter((path) => path === '-');
  if (names.length > 1)
    throw new CliError(exitCodes.usage, 'stdin can be one of the files only', 'name a file for the other');
  const sbom = options.sbom === undefined ? undefined : await readSbomFile(io, options.sbom);
  const report = options.vulns === undefined ? undefined : await readReport(io, options.vulns);
  if (sbom !== undefined) tellImage(io, known, sbom, 'the SBOM');
  if (report !== undefined) tellImage(io, known, report.sbom, 'the report');
  return { ...describe(known, sbom), ...vulnerabilitiesOf(known, report, sbom) };
}

/** @throws CliError naming file, field and what is wrong */
export async function readSbomFile(io: Io, path: string): Promise<Sbom> {
  const bytes = await io.readFile(path, { maxBytes: maxSbomBytes });
  const sbom = about(fileName(path), () => readSbom(bytes), exitCodes.usage);
  // What cannot be looked up is told now and with its name, not when the tests have run.
  about(fileName(path), () => new Owners(sbom), exitCodes.usage);
  for (const note of sbom.notes) io.err(`note: ${fileName(path)}: ${note}`);
  return sbom;
}

async function readReport(io: Io, path: string): Promise<ScannerReport> {
  const bytes = await io.readFile(path, { maxBytes: maxSbomBytes });
  return about(fileName(path), () => readScannerReport(bytes), exitCodes.usage);
}

function describe(known: Baseline | Fingerprint, sbom: Sbom | undefined): Packages {
  if (sbom === undefined) return {};
  const owners = new Owners(sbom);
  return { sbom, owners, use: packageUse(known, owners, sbom.packages) };
}

function vulnerabilitiesOf(
  known: Baseline | Fingerprint,
  report: ScannerReport | undefined,
  sbom: Sbom | undefined,
): Pick<Packages, 'vulnerabilities'> {
  return report === undefined ? {} : { vulnerabilities: rankVulnerabilities(known, report, sbom) };
}

/** Index, manifest and configuration of one image have digests of their own, so another one may still be right. */
function tellImage(io: Io, { subject }: Baseline | Fingerprint, { digests }: Sbom, what: string): void {
  const isUnpushed = subject.digest === unpushedDigest;
  if (digests.length === 0 || isUnpushed || digests.includes(subject.digest)) return;
  io.err(
    `note: ${what} is of ${digests.join(', ')}, the baseline of ${subject.digest}; make sure that they are of one image`,
  );
}
