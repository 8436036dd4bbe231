import type { Command } from 'commander';
import { parseAuditProof, verifyAuditProof } from '../fingerprint/audit-proof.ts';
import { printable } from '../fingerprint/printable.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { type AuditSource, socketAuditSource } from './audit-source.ts';
import { type Verified, type VerifiedExport, verifyFile } from './audit-verify.ts';
import { collectorSocket, dataDir, dataDirOption } from './data-dir.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { counted } from './known-file.ts';
import { momentOption } from './moment.ts';
import { fileName } from './read-file.ts';
import { styled } from './text.ts';

interface VerifyOptions {
  readonly key?: string;
  readonly checkpoint: readonly string[];
  readonly json?: boolean;
}

interface AskOptions {
  readonly dataDir?: string;
  readonly since?: string;
  readonly out?: string;
  readonly key?: string;
  readonly reason?: string;
}

/** @param source how a collector is reached, by the socket it listens on */
export function register(
  program: Command,
  io: Io,
  source: (socket: string) => AuditSource = socketAuditSource,
) {
  const audit = program
    .command('audit')
    .description('what was done here, by whom, and that the record of it is whole');
  examples(audit, [
    ['whorl audit export --out log.jsonl', 'everything on record'],
    ['whorl audit verify log.jsonl --key audit.pub --checkpoint kept.txt', 'nothing was changed since'],
    ['whorl audit prove 17 --out proof.json', 'that one entry is on record'],
  ]);
  const asked = (options: AskOptions) => source(collectorSocket(dataDir(io, options.dataDir)));
  registerVerify(audit, io);
  registerProve(audit, io, asked);
  registerExport(audit, io, asked);
  dataDirOption(
    audit
      .command('accept-fork')
      .description('go on signing a log that is not what it was; what was published before will not fit')
      .requiredOption('--reason <text>', 'why it may differ, for the record'),
  ).action(async (options: AskOptions) => {
    await asked(options).acceptFork(options.reason ?? '');
    io.err('accepted and put on record; checkpoints are signed again from here on');
  });
}

function registerVerify(audit: Command, io: Io): void {
  const verify = audit
    .command('verify')
    .description(
      'rebuild the log from an export, offline, and hold it against signed checkpoints; exit 3 when it fails',
    )
    .argument('<file>', 'what `whorl audit export` or `whorl audit prove` wrote, - for stdin')
    .option(
      '--key <audit.pub>',
      'of the collector, kept from before: without it nothing is said about who signed',
    )
    .option('--checkpoint <file>', 'kept from earlier, one or many in a file; may be repeated', repeated, [])
    .option('--json', 'one JSON object')
    .action(async (path: string, options: VerifyOptions) =>
      tell(io, path, await verifyFile(io, path, options), options),
    );
  examples(verify, [
    ['whorl audit verify log.jsonl --key audit.pub', 'the log is what the collector signed'],
    ['whorl audit verify log.jsonl --key audit.pub --checkpoint kept.txt', 'and what it signed before'],
  ]);
}

function registerProve(audit: Command, io: Io, asked: (options: AskOptions) => AuditSource): void {
  dataDirOption(
    audit
      .command('prove')
      .description('a document that proves one entry to whoever has the key and not the log')
      .argument('<seq>', 'the number of the entry')
      .option('--key <audit.pub>', 'check the proof with it before it is handed on')
      .option('--out <file.json>', 'where it goes (default: stdout)'),
  ).action(async (given: string, options: AskOptions) => {
    const bytes = await asked(options).prove(sequenceNumber(given));
    const key = options.key === undefined ? undefined : await readPublicKey(io, options.key);
    const size = about(
      'the proof',
      () => verifyAuditProof(parseAuditProof(parseJson(bytes)), key),
      exitCodes.trust,
    );
    if (options.out === undefined) io.out(new TextDecoder().decode(bytes).trimEnd());
    else await io.writeFile(options.out, bytes, { overwrite: true });
    io.err(`entry ${given} is in the log of ${counted(size, 'entry', 'entries')}`);
  });
}

function registerExport(audit: Command, io: Io, asked: (options: AskOptions) => AuditSource): void {
  dataDirOption(
    audit
      .command('export')
      .description('everything on record as JSON lines, to be verified anywhere')
      .option('--since <time>', 'from the first entry of this time on, such as 2026-05-01T08:00:00Z')
      .option('--out <file.jsonl>', 'where it goes (default: stdout)'),
  ).action(async (options: AskOptions) => {
    const since = options.since === undefined ? undefined : momentOption('--since', options.since);
    const parts: Uint8Array[] = [];
    for await (const part of asked(options).export(since)) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (options.out === undefined) io.out(bytes.toString('utf8').trimEnd());
    else await io.writeFile(options.out, bytes, { overwrite: true });
    io.err(
      `check it with whorl audit verify ${options.out === undefined ? '-' : fileName(options.out)} --key audit.pub`,
    );
  });
}

function repeated(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function sequenceNumber(text: string): number {
  const seq = Number(text);
  if (/^\d{1,15}$/.test(text)) return seq;
  throw new CliError(
    exitCodes.usage,
    `${printable(text, 40)} is no number of an entry`,
    'entries are counted from 0',
  );
}

function tell(io: Io, path: string, verified: Verified, { json }: VerifyOptions): void {
  const problems = verified.kind === 'export' ? problemsOf(verified) : [];
  if (problems.length > 0) io.exit(exitCodes.trust);
  if (json === true) {
    io.out(JSON.stringify(documentOf(verified, problems)));
    return;
  }
  for (const { sentence } of problems)
    io.err([styled('red', 'not whole'), ` ${fileName(path)}: ${sentence}`]);
  if (problems.length === 0) io.out([styled('green', 'whole'), ` ${sentenceOf(verified)}`]);
  if (!verified.pinned) io.err("who signed it was not checked: give the collector's audit.pub as --key");
}

/** An export that no checkpoint speaks for was signed by nobody, and proves nothing. */
function problemsOf({ flaws, agreed, head }: VerifiedExport): { sentence: string; seq?: number }[] {
  if (flaws.length > 0) return [...flaws];
  if (agreed === head.size || head.size === 0) return [];
  const last =
    agreed === undefined ? 'no checkpoint' : `the last checkpoint that fits is over ${agreed}, and nothing`;
  const seq = agreed ?? 0;
  return [{ sentence: `${last} speaks for its ${counted(head.size, 'entry', 'entries')}: ${unsigned}`, seq }];
}

const unsigned = 'the collector has stopped signing, or the end was added by somebody else';

function sentenceOf(verified: Verified): string {
  if (verified.kind === 'proof')
    return `entry ${verified.seq} is in the log of ${counted(verified.size, 'entry', 'entries')}`;
  const { head, first, erased, checkpoints } = verified;
  const from = first === 0 ? '' : `, from entry ${first} on`;
  const gone = erased === 0 ? '' : `, ${erased} of them erased and held by their leaves`;
  const fits = `${counted(checkpoints, 'checkpoint')} ${checkpoints === 1 ? 'fits' : 'fit'}`;
  return `${counted(head.size, 'entry', 'entries')}${from}${gone}; ${fits}`;
}

function documentOf(verified: Verified, problems: readonly object[]): object {
  if (verified.kind === 'proof') return { ok: true, ...verified };
  const { head, flaws: _, ...rest } = verified;
  return {
    ok: problems.length === 0,
    size: head.size,
    root: Buffer.from(head.root).toString('base64'),
    ...rest,
    problems,
  };
}
