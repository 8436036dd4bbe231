import type { Command } from 'commander';
import { documentKind } from '../fingerprint/document-kind.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { describeBaseline } from '../fingerprint/explain-baseline.ts';
import { entryWords } from '../fingerprint/explain-entry.ts';
import type { Baseline, BehaviourSet, Fingerprint } from '../fingerprint/fingerprint.ts';
import { grantsOf, programId } from '../fingerprint/grants.ts';
import { formatImageRef, shownSubject } from '../fingerprint/image-ref.ts';
import { parseOverlay } from '../fingerprint/overlay.ts';
import { parseApproval } from '../fingerprint/parse-approval.ts';
import { parseBaseline } from '../fingerprint/parse-fingerprint.ts';
import { parseTrustPolicy } from '../fingerprint/parse-trust-policy.ts';
import { readSignedPolicy } from '../fingerprint/policy-chain.ts';
import { printable } from '../fingerprint/printable.ts';
import { identityOf } from '../fingerprint/program.ts';
import { parseStatement, type StatementOptions } from '../fingerprint/statement.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { approvalSentences } from './approval-words.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { readFileOrAttached } from './file-or-attached.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { bindingsTold, overlaySentences } from './overlay-words.ts';
import { packageLines, packagesTold } from './packages-text.ts';
import { policySentences } from './policy-text.ts';
import { fileName } from './read-file.ts';
import { type PackageOptions, packageOptions, readPackages } from './sbom-file.ts';

/** The largest document of ours. */
const maxBytes = 16 << 20;

interface Options extends PackageOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

interface Inspected {
  readonly kind: string;
  readonly lines: readonly string[];
  readonly document: unknown;
  /** What was learned, of a baseline or fingerprint: told behind `lines`. */
  readonly known?: Baseline | Fingerprint;
  /** Every program and entry by the id that `prune` and `lint --allow` take. */
  readonly entries?: readonly object[];
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('inspect')
    .description(
      'say what a file is and what it means: baseline, fingerprint, overlay, approval, Sigstore bundle, trust policy',
    )
    .argument('<file>', 'the file, - for stdin')
    .option('--all', 'list every package')
    .option('--json', 'one JSON object')
    .action((path: string, options: Options) => inspect(io, path, options));
  packageOptions(verb);
  examples(verb, [
    ['whorl inspect cart.json', 'what would I sign?'],
    ['whorl inspect cart.json --sbom cart.spdx.json', 'whose is what runs?'],
    ['whorl inspect cart.intoto.json', 'what was signed? (whorl verify says whether to believe it)'],
  ]);
}

async function inspect(io: Io, path: string, options: Options): Promise<void> {
  const bytes = await readFileOrAttached(io, path, maxBytes);
  const found = about(fileName(path), () => read(bytes), exitCodes.usage);
  if (found.known === undefined) assertNoPackages(found, options);
  const packages = found.known === undefined ? {} : await readPackages(io, found.known, options);
  if (options.json === true) {
    const { kind, document, entries } = found;
    const told = { kind, document, ...(entries === undefined ? {} : { entries }) };
    io.out(JSON.stringify({ ...told, ...packagesTold(packages) }));
    return;
  }
  for (const line of [`${fileName(path)} is ${found.kind}.`, ...found.lines]) io.out(line);
  if (found.known === undefined) return;
  for (const line of describeBaseline(found.known, packages.owners)) io.out(line);
  for (const line of packageLines(packages, found.known, options.all === true)) io.out(line);
}

function assertNoPackages({ kind }: Inspected, { sbom, vulns }: PackageOptions): void {
  if (sbom === undefined && vulns === undefined) return;
  throw new CliError(
    exitCodes.usage,
    `--sbom and --vulns go with a baseline or fingerprint; this is ${kind}`,
    'see whorl inspect --help',
  );
}

function read(bytes: Uint8Array): Inspected {
  const value = parseJson(bytes, { bytes: maxBytes });
  const kind = documentKind(value);
  switch (kind) {
    case 'an unsigned baseline': {
      const baseline = parseBaseline(value);
      return {
        kind,
        lines: [],
        known: baseline,
        document: { ...baseline, subject: shownSubject(baseline.subject) },
        entries: idsOf(baseline.behaviour),
      };
    }
    case 'a signed envelope':
    case 'a Sigstore bundle':
      return readSigned(kind, bytes);
    case 'a trust policy': {
      const policy = parseTrustPolicy(value);
      return { kind, lines: policySentences(policy), document: value };
    }
    default:
      throw new FingerprintError(
        'SCHEMA',
        `is ${kind ?? 'nothing that whorl writes'}; inspect reads baselines, fingerprints, overlays, approvals, bundles and trust policies`,
      );
  }
}

function idsOf(set: BehaviourSet): object[] {
  return set.programs.flatMap((program) => {
    const p = identityOf(program);
    const about = { root: p.root, ...(p.parent === '' ? {} : { parent: p.parent }), program: p.exe };
    const grants = grantsOf({ programs: [program] });
    return [
      { id: programId(p), ...about },
      ...grants.map(({ id, entry }) => ({ id, ...about, words: entryWords(entry), entry })),
    ];
  });
}

/** Shown, not believed: whether the signature is good and by whom only `verify` says. */
function readSigned(kind: string, bytes: Uint8Array): Inspected {
  switch (kindOfEnvelope(bytes)) {
    case 'overlay':
      return readOverlay(bytes);
    case 'approval':
      return readApproval(bytes);
    case 'trust-policy':
      return readPolicy(bytes);
    case 'base':
      return readFingerprint(kind, bytes);
  }
}

function readFingerprint(kind: string, bytes: Uint8Array): Inspected {
  const { payload, signatures } = open(bytes, [statementPayloadType]);
  const { fingerprint } = parseStatement(payload);
  const { supersedes } = fingerprint;
  const instead = supersedes === undefined ? [] : [`It replaces ${supersedes}.`];
  const lines = [
    `${claim(fingerprint)}; ${counted(signatures.length, 'signature')}, not checked here.`,
    ...instead,
  ];
  return { kind, lines, known: fingerprint, document: fingerprint, entries: idsOf(fingerprint.behaviour) };
}

function readApproval(bytes: Uint8Array): Inspected {
  const { payload, signatures } = open(bytes, [statementPayloadType]);
  const approval = parseApproval(payload);
  const lines = [
    `${claim(approval)}; ${counted(signatures.length, 'signature')}, not checked here.`,
    `Reason: ${printable(approval.reason, 400)}.`,
    ...approvalSentences(approval),
  ];
  return { kind: 'a signed approval', lines, document: approval };
}

function readPolicy(bytes: Uint8Array): Inspected {
  const { policy } = readSignedPolicy(bytes);
  return {
    kind: 'a signed trust policy',
    lines: policySentences(policy),
    document: trustPolicyDocument(policy),
  };
}

function readOverlay(bytes: Uint8Array): Inspected {
  const { payload, signatures } = open(bytes, [statementPayloadType]);
  const { overlay } = parseOverlay(payload);
  const { base, subject, reason, bindings } = overlay;
  const lines = [
    `${claim(overlay)}; ${counted(signatures.length, 'signature')}, not checked here.`,
    `It belongs to the fingerprint ${base} of ${printable(formatImageRef(subject), 700)}.`,
    ...(reason === undefined ? [] : [`Reason: ${printable(reason, 400)}.`]),
    ...overlaySentences(overlay),
  ];
  return { kind: 'a signed overlay', lines, document: { ...overlay, bindings: bindingsTold(bindings) } };
}

function claim({ stream, version, issuedAt, expiresAt }: StatementOptions): string {
  const until = expiresAt === undefined ? 'without an end' : `until ${expiresAt}`;
  return `It claims to be version ${version} of ${printable(stream)}, issued ${issuedAt}, ${until}`;
}
