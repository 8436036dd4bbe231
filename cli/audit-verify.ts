import { type ExportHeader, parseExportHeader, parseExportLine } from '../fingerprint/audit-export.ts';
import { parseAuditProof, verifyAuditProof } from '../fingerprint/audit-proof.ts';
import { type AuditFlaw, AuditVerifier, type GivenCheckpoint } from '../fingerprint/audit-verifier.ts';
import { noteKey, readCheckpoint, splitNotes, verifyCheckpoint } from '../fingerprint/checkpoint.ts';
import type { PublicKey } from '../fingerprint/keys.ts';
import type { TreeHead } from '../fingerprint/merkle.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { readPublicKey } from './key-file.ts';
import { type Line, linesOf } from './lines.ts';
import { fileName } from './read-file.ts';

/** A year of checkpoints, one a minute, is 130 MB; a file that is larger was named by mistake or is to be cut. */
const maxNotesBytes = 256 << 20;

export type Verified =
  | VerifiedExport
  | { readonly kind: 'proof'; readonly seq: number; readonly size: number; readonly pinned: boolean };

export interface VerifiedExport {
  readonly kind: 'export';
  readonly flaws: readonly AuditFlaw[];
  readonly head: TreeHead;
  readonly first: number;
  readonly erased: number;
  /** Checkpoints that were compared, and the largest size that one agreed at. */
  readonly checkpoints: number;
  readonly agreed?: number;
  /** Whether a key was given that is not the export's own. */
  readonly pinned: boolean;
}

interface Options {
  readonly key?: string;
  readonly checkpoint: readonly string[];
}

/**
 * Without a key it is shown that everything fits together, with it also who signed that.
 * @throws CliError when something is no export, no checkpoint, or not signed by the key: exit 2 or 3
 */
export async function verifyFile(io: Io, path: string, options: Options): Promise<Verified> {
  const lines = linesOf(io.readChunks(path), path);
  const opening = await lines.next();
  if (opening.done === true) throw new CliError(exitCodes.usage, `${fileName(path)} holds no line`);
  const key = options.key === undefined ? undefined : await readPublicKey(io, options.key);
  const { bytes } = opening.value;
  const pinned = key !== undefined;
  if (about(at(path, opening.value), () => isProof(bytes)))
    return { ...verifyProof(bytes, path, key), pinned };
  const header = about(at(path, opening.value), () => parseExportHeader(bytes));
  const given = await checkpointsOf(io, path, header, key, options.checkpoint);
  return { ...(await follow(lines, path, header, given)), checkpoints: given.length, pinned };
}

async function follow(
  lines: AsyncIterable<Line>,
  path: string,
  header: ExportHeader,
  given: readonly GivenCheckpoint[],
): Promise<Omit<VerifiedExport, 'checkpoints' | 'pinned'>> {
  const verifier = new AuditVerifier(header, given);
  let erased = 0;
  for await (const line of lines) {
    const entry = about(at(path, line), () => parseExportLine(line.bytes), exitCodes.trust);
    if (entry.entry === undefined) erased += 1;
    if (!verifier.add(entry)) break;
  }
  const { flaws, head, agreed } = verifier.end();
  const kind = 'export';
  return {
    kind,
    flaws,
    head,
    first: header.first,
    erased,
    ...(agreed === undefined ? {} : { agreed: agreed.size }),
  };
}

async function checkpointsOf(
  io: Io,
  path: string,
  header: ExportHeader,
  key: PublicKey | undefined,
  files: readonly string[],
): Promise<GivenCheckpoint[]> {
  const own = { from: `the checkpoint of ${fileName(path)}`, note: header.checkpoint };
  const notes = header.checkpoint === '' ? [] : [own];
  for (const file of files) notes.push(...(await notesOf(io, file)));
  if (key !== undefined && header.key !== noteKey(header.origin, key))
    throw new CliError(
      exitCodes.trust,
      `${fileName(path)} was made with another key than the one that was given`,
      'take the audit.pub of the collector that it is of',
    );
  return notes.map(({ from, note }) => {
    const bytes = Buffer.from(note);
    const read = () => (key === undefined ? readCheckpoint(bytes) : verifyCheckpoint(bytes, key));
    return { from, ...about(from, read, exitCodes.trust) };
  });
}

/** A file of one note, or one that a collector appended many to. */
async function notesOf(io: Io, file: string): Promise<{ from: string; note: string }[]> {
  const text = new TextDecoder().decode(await io.readFile(file, { maxBytes: maxNotesBytes }));
  const { notes, rest } = splitNotes(text);
  if (notes.length === 0)
    throw new CliError(
      exitCodes.usage,
      `${fileName(file)} holds no checkpoint`,
      'a checkpoint is a signed note',
    );
  if (rest.trim() !== '') io.err(`${fileName(file)} ends in half a checkpoint, which is not looked at`);
  return notes.map((note, i) => ({
    from: notes.length === 1 ? fileName(file) : `checkpoint ${i + 1} of ${fileName(file)}`,
    note,
  }));
}

/** A proof is one document over one entry; an export begins with a header. */
function isProof(bytes: Uint8Array): boolean {
  const value = parseJson(bytes);
  return typeof value === 'object' && value !== null && 'proof' in value;
}

function verifyProof(bytes: Uint8Array, path: string, key: PublicKey | undefined) {
  return about(
    fileName(path),
    () => {
      const proof = parseAuditProof(parseJson(bytes));
      return { kind: 'proof', seq: proof.seq, size: verifyAuditProof(proof, key) } as const;
    },
    exitCodes.trust,
  );
}

function at(path: string, { number }: Line): string {
  return `${fileName(path)}:${number}`;
}
