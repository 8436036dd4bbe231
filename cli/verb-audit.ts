import type { Command } from 'commander';
import { parseAuditProof, verifyAuditProof } from '../fingerprint/audit-proof.ts';
import { printable } from '../fingerprint/printable.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { withProgress } from './audit-export.ts';
import { type Verified, type VerifiedExport, verifyFile } from './audit-verify.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { counted } from './known-file.ts';
import { needCollector } from './need-collector.ts';
import { fileName } from './read-file.ts';
import { reasonOf } from './reason-option.ts';
import { styled } from './text.ts';
import { auditMoment, registerAuditList } from './verb-audit-list.ts';

interface VerifyOptions {
  readonly key?: string;
  readonly checkpoint: readonly string[];
  readonly json?: boolean;
}

interface AskOptions extends WhereOptions {
  readonly since?: string;
  readonly out?: string;
  readonly key?: string;
}

interface AcceptOptions extends WhereOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const audit = program
    .command('audit')
    .description('what was done here, by whom, and that the record of it is whole');
  examples(audit, [
    ['whorl audit list', 'what was done lately, by whom and why'],
    ['whorl audit export --out log.jsonl', 'everything on record'],
    ['whorl audit verify log.jsonl --key audit.pub --checkpoint kept.txt', 'nothing was changed since'],
    ['whorl audit prove 17 --out proof.json', 'that one entry is on record'],
  ]);
  registerAuditList(audit, io);
  registerVerify(audit, io);
  registerProve(audit, io);
  registerExport(audit, io);
  const accept = changing(
    whereOptions(
      audit
        .command('accept-fork')
        .description('go on signing a log that is not what it was; what was published before will not fit')
        .option('--json', 'one JSON object'),
    ),
  ).action((options: AcceptOptions) => acceptFork(io, options));
  examples(accept, [
    ['whorl audit accept-fork --reason "restored from the backup of Monday"', 'checkpoints are signed again'],
  ]);
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

function registerProve(audit: Command, io: Io): void {
  const verb = whereOptions(
    audit
      .command('prove')
      .description('a document that proves one entry to whoever has the key and not the log')
      .argument('<seq>', 'the number of the entry, as whorl audit list shows it')
      .option('--key <audit.pub>', 'check the proof with it before it is handed on')
      .option('--out <file.json>', 'where it goes (default: stdout)'),
  ).action((seq: string, options: AskOptions) => prove(io, seq, options));
  examples(verb, [
    ['whorl audit prove 17 --key audit.pub --out proof.json', 'checked before it is handed on'],
  ]);
}

async function prove(io: Io, given: string, options: AskOptions): Promise<void> {
  const seq = sequenceNumber(given);
  const pieces = await (await needCollector(io, options)).bytes(`/audit/proofs/${seq}`);
  const bytes = await proofIn(pieces);
  const key = options.key === undefined ? undefined : await readPublicKey(io, options.key);
  const size = about(
    'the proof',
    () => verifyAuditProof(parseAuditProof(parseJson(bytes)), key),
    exitCodes.trust,
  );
  if (options.out === undefined) io.out(new TextDecoder().decode(bytes).trimEnd());
  else await io.writeFile(options.out, bytes, { overwrite: true });
  io.err(`entry ${given} is in the log of ${counted(size, 'entry', 'entries')}`);
}

/** An entry of 16 KiB of detail, escaped, and 53 hashes: a server that never ends must not fill our memory. */
const maxProofBytes = 1 << 20;

async function proofIn(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of pieces) {
    length += part.length;
    if (length > maxProofBytes)
      throw new CliError(exitCodes.network, 'what the collector answers is too long for a proof');
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function registerExport(audit: Command, io: Io): void {
  const verb = whereOptions(
    audit
      .command('export')
      .description('everything on record as JSON lines, to be verified anywhere')
      .option('--since <time>', 'from the first entry of this time on, such as 2026-05-01T08:00:00Z')
      .option('--out <file.jsonl>', 'where it goes (default: stdout)'),
  ).action((options: AskOptions) => exportLog(io, options));
  examples(verb, [
    ['whorl audit export --out log.jsonl', 'then: whorl audit verify log.jsonl --key audit.pub'],
    ['whorl audit export | whorl audit verify - --key audit.pub', 'without a file'],
  ]);
}

async function exportLog(io: Io, { out, since, ...where }: AskOptions): Promise<void> {
  const query = since === undefined ? {} : { since: auditMoment('--since', since) };
  const pieces = await (await needCollector(io, where)).bytes('/audit/export', query);
  if (out === undefined) return io.outChunks(pieces);
  await io.writeChunks(out, withProgress(io, pieces), { overwrite: true });
  io.err(`check it with whorl audit verify ${fileName(out)} --key audit.pub`);
}

async function acceptFork(io: Io, options: AcceptOptions): Promise<void> {
  const reason = reasonOf(options);
  if (options.dryRun === true)
    return io.err('would accept the log as it is, put that on record, and sign checkpoints again');
  const collector = await needCollector(io, options);
  const answer = await collector.call({ method: 'POST', path: '/audit/accept-fork', body: { reason } });
  if (options.json === true) return io.out(JSON.stringify(answer));
  io.err('accepted and put on record; checkpoints are signed again from here on');
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
