import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Recorded } from '../fingerprint/accepted-keys.ts';
import { documentKind } from '../fingerprint/document-kind.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { Fields } from '../fingerprint/fields.ts';
import { isDigest } from '../fingerprint/image-ref.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { exitCodes, fromFingerprintError } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** Room for as many streams and digests as are kept. */
const maxBytes = 64 << 20;
/** Streams of all images a site has ever verified, and their versions; more is not one person's file. */
const maxEntries = 65_536;
const format = 'whorl-verify-state/v1';

interface Seen {
  readonly version: number;
  readonly digest: string;
}

export interface Accepted extends Seen {
  readonly stream: string;
  /** Ids of the keys on whose word it was accepted. */
  readonly signers: readonly string[];
}

/** What was accepted on this machine before, so that nothing older comes back. */
export interface VerifyState {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly recorded: Recorded;
  /** Adds what was accepted and writes the whole file anew. @throws CliError with STATE_IO */
  accept(accepted: Accepted): Promise<void>;
}

/**
 * The state that `--state FILE` names; a file that is not there is one where nothing was accepted yet. What cannot be
 * read is an error: taken for empty it would let every older version in.
 * @throws CliError with exit code 3 and STATE_IO
 */
export async function openVerifyState(io: Io, path: string): Promise<VerifyState> {
  const seen = new Map<string, Seen>();
  const recorded = new Map<string, number>();
  await readState(io, path, { seen, recorded });
  return {
    seen,
    recorded: (digest, keyId) => recorded.get(`${digest}#${keyId}`),
    accept: async ({ stream, version, digest, signers }) => {
      // Somebody may have verified something else meanwhile: it stays remembered, and the higher version with it.
      await readState(io, path, { seen, recorded });
      if ((seen.get(stream)?.version ?? 0) <= version) seen.set(stream, { version, digest });
      for (const entry of signers.map((keyId) => `${digest}#${keyId}`))
        if (!recorded.has(entry)) recorded.set(entry, io.now());
      if (seen.size > maxEntries || recorded.size > maxEntries) throw trouble(path, 'is full; begin another');
      const state = { format, streams: Object.fromEntries(seen), recorded: Object.fromEntries(recorded) };
      await io.writeFile(path, `${JSON.stringify(state, null, 1)}\n`, { mode: 0o600, overwrite: true });
    },
  };
}

interface Maps {
  readonly seen: Map<string, Seen>;
  /** By payload and key: one person's signature says nothing of another's. */
  readonly recorded: Map<string, number>;
}

async function readState(io: Io, path: string, maps: Maps): Promise<void> {
  // Before anything else: whoever may take the file away makes "nothing was accepted yet" of it.
  await assertOwnDirectory(path);
  if (!existsSync(path)) return;
  await assertOwn(path);
  read(await io.readFile(path, { maxBytes }), path, maps);
}

function read(bytes: Uint8Array, path: string, { seen, recorded }: Maps): void {
  try {
    const value = parseJson(bytes, { bytes: maxBytes, depth: 8 });
    const kind = documentKind(value);
    // Told to move it away, somebody would move their policy away.
    if (kind !== undefined)
      throw trouble(path, `is ${kind}, not what whorl verify remembers; name another file with --state`);
    const root = new Fields(value, '', 'STATE_IO');
    root.only('format', 'streams', 'recorded');
    root.oneOf('format', [format]);
    const streams = root.object('streams');
    for (const stream of streams.names()) seen.set(stream, seenIn(streams.object(stream)));
    const digests = root.object('recorded');
    for (const digest of digests.names()) recorded.set(digest, digests.integer(digest, 0));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    const where = error.field === '' ? '' : ` at ${error.field}`;
    throw trouble(
      path,
      `is damaged${where}: ${error.message}; bring it back from a copy, or move it away to start anew`,
    );
  }
}

function seenIn(fields: Fields): Seen {
  fields.only('version', 'digest');
  const digest = fields.text('digest');
  if (!isDigest(digest)) fields.fail('digest', 'must be sha256: and 64 lower-case hex digits');
  return { version: fields.integer('version', 1), digest };
}

/** Whoever can write it can bring an older version back. */
async function assertOwn(path: string): Promise<void> {
  const { uid, mode } = await stat(path);
  if (uid !== 0 && uid !== process.getuid?.())
    throw trouble(path, 'belongs to another user, who could change it');
  if ((mode & 0o022) !== 0) throw trouble(path, 'can be written by others; run chmod go-w on it');
}

/** In a sticky directory such as /tmp nobody takes away what is not theirs. */
async function assertOwnDirectory(path: string): Promise<void> {
  const directory = dirname(existsSync(path) ? await realpath(path) : path);
  // One that is not there is told when the file is written.
  const about = await stat(directory).catch(() => undefined);
  if (about === undefined) return;
  const { uid, mode } = about;
  if (uid !== 0 && uid !== process.getuid?.())
    throw trouble(path, 'lies in a directory of another user, who could take it away');
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)
    throw trouble(path, 'lies in a directory that others can write; run chmod go-w on it');
}

function trouble(path: string, message: string): Error {
  return fromFingerprintError(new FingerprintError('STATE_IO', message), fileName(path), exitCodes.trust);
}
