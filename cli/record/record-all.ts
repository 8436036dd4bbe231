import { existsSync } from 'node:fs';
import { quoted } from '../../fingerprint/phrase.ts';
import { printable } from '../../fingerprint/printable.ts';
import { CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { counted } from '../known-file.ts';
import { fileName } from '../read-file.ts';
import { type Packages, readPackages } from '../sbom-file.ts';
import { assertFree, RecordDirectory } from './directory.ts';
import { learnRuns, type Recorded } from './learn-runs.ts';
import { type LockEntry, lockEntry } from './lock-entry.ts';
import { sbomsOf } from './sboms.ts';
import { commandTarget, imageTargets, type Target } from './target.ts';
import { isWider, type Outcome, tell, toldAsJson } from './tell.ts';
import type { UnstableFile } from './unstable-file.ts';
import { type WatchRunsOptions, watchRuns } from './watch-runs.ts';

export interface RecordOptions extends WatchRunsOptions {
  readonly images: readonly string[];
  readonly name: string | undefined;
  readonly out: string;
  readonly mode: Outcome['mode'];
  readonly dryRun: boolean;
  readonly reason: string | undefined;
  /** FILE, or NAME=FILE. */
  readonly sboms: readonly string[];
}

/** Runs the command under the sensor as often as wanted, then compares and writes. @throws CliError */
export async function recordAll(io: Io, options: RecordOptions): Promise<void> {
  const targets =
    options.images.length === 0
      ? [commandTarget(options.command, options.name)]
      : imageTargets(options.images, options.name);
  const directory = new RecordDirectory(io, options.out);
  directory.assertNoFile();
  if (options.mode === 'write') assertFree(directory, targets);
  // What cannot be compared is told before the tests run, not after.
  const former = new Map<Target, Awaited<ReturnType<RecordDirectory['read']>>>();
  for (const target of targets) former.set(target, await directory.read(target));
  const unstable = await directory.readUnstable();
  const sboms = await sbomsOf(io, options.sboms, targets);
  const runs = await watchRuns(io, options, targets);
  if (runs === undefined) return;
  const recorded = learnRuns(targets, runs);
  assertSeen(recorded, options.sockets);
  const entries = recorded.map((one) =>
    lockEntry(one, former.get(one.target), new Set(unstable.get(one.target.file)?.map((u) => u.id))),
  );
  const outcome: Outcome = {
    entries,
    packages: await packagesOf(io, entries, sboms),
    pathOf: ({ recorded: { target } }) => directory.pathOf(target),
    incomplete: [...new Set(runs.flatMap((run) => run.incomplete))],
    runs: options.runs,
    mode: options.mode,
    dryRun: options.dryRun,
  };
  if (options.mode !== 'check' && !options.dryRun)
    await directory.write(entries, withUnstable(unstable, entries), unstable);
  finish(io, options, outcome);
}

async function packagesOf(
  io: Io,
  entries: readonly LockEntry[],
  sboms: ReadonlyMap<Target, string>,
): Promise<Outcome['packages']> {
  const found = new Map<LockEntry, Packages>();
  for (const entry of entries) {
    const sbom = sboms.get(entry.recorded.target);
    if (sbom !== undefined) found.set(entry, await readPackages(io, entry.next, { sbom }));
  }
  return found;
}

function finish(io: Io, { json, reason, mode }: RecordOptions, outcome: Outcome): void {
  if (json) io.out(JSON.stringify({ ...toldAsJson(outcome), ...(reason === undefined ? {} : { reason }) }));
  else tell(io, outcome);
  if (reason !== undefined && !json) io.err(`because: ${printable(reason)}`);
  if (outcome.incomplete.length > 0) io.exit(exitCodes.incomplete);
  else if (mode === 'check' && outcome.entries.some(isWider)) io.exit(exitCodes.drift);
}

/** An empty baseline is no evidence of anything, and signed it would make everything drift. */
function assertSeen(recorded: readonly Recorded[], sockets: RecordOptions['sockets']): void {
  const unseen = recorded.filter((one) => one.copies === 0 || one.baseline.behaviour.programs.length === 0);
  const [first] = unseen;
  if (first === undefined) return;
  const { target, older } = first;
  const what =
    target.image === undefined
      ? `nothing was seen of ${quoted(target.name)}`
      : `no container of ${quoted(target.image.text)} was started while the command ran`;
  const hint =
    older > 0
      ? `${counted(older, 'copy', 'copies')} ran already: the command must start what is to be recorded`
      : target.image !== undefined && !Object.values(sockets).some((socket) => existsSync(socket))
        ? `no container runtime could be asked: neither ${fileName(sockets.containerd)} nor ${fileName(sockets.docker)} is there; name its socket with --containerd or --docker`
        : 'check --image and that the command starts it; nothing was written';
  throw new CliError(exitCodes.incomplete, what, hint);
}

function withUnstable(before: UnstableFile, entries: readonly LockEntry[]): UnstableFile {
  const all = new Map(before);
  for (const { recorded } of entries) {
    const { file } = recorded.target;
    const known = new Map((all.get(file) ?? []).map((u) => [u.id, u]));
    for (const { id, sentence } of recorded.unstable) if (!known.has(id)) known.set(id, { id, sentence });
    if (known.size > 0) all.set(file, [...known.values()]);
  }
  return all;
}
