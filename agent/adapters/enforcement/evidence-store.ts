import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '../../../fingerprint/incident.ts';
import type { Action } from '../../../fingerprint/order.ts';
import { type Captured, closeCaptured, openHeld, readLineage } from './evidence-proc.ts';

/** Room on the node for everything that is kept for an analyst: some thirty dropped binaries of full size. */
const defaultCapBytes = 256 * 1024 * 1024;
/** Dropped tools are small; a static Go implant of 8 MiB still fits. Larger ones are known by their hash. */
const maxCopyBytes = 8 * 1024 * 1024;
/** Nothing larger is even hashed: it would keep the disk busy for the attacker. */
const maxHashBytes = 512 * 1024 * 1024;
const chunkBytes = 256 * 1024;

export interface EvidenceStore {
  /**
   * Works up what was captured and writes it below the incident, closing every handle of it.
   * @returns the path of the JSON file, or undefined with the reason when nothing could be written.
   */
  write(
    incident: Incident,
    action: Action,
    time: number,
    captured: Captured,
  ): Promise<{ path?: string; problem?: string }>;
}

interface FileFacts {
  readonly sha256?: string;
  readonly bytes: number;
  readonly copy?: string;
  readonly left?: string;
}

/** Keeps evidence as `<dataDir>/evidence/<incident>/`, readable by the agent's user only, below one byte cap. */
export function evidenceStore(dataDir: string, capBytes = defaultCapBytes): EvidenceStore {
  const root = join(dataDir, 'evidence');
  let stuck = 0;
  return {
    write: async (incident, action, time, captured) => {
      // Each file that never answers keeps a thread of libuv's pool of four: one is enough.
      if (stuck > 0) await leaveFiles(captured);
      // The file of a frozen process may lie on a FUSE mount that is frozen with it: nobody waits for that.
      const written = writeEvidence(root, capBytes, { incident, action, time, captured });
      const slow = sleep(writeWithinMs, undefined, { ref: false });
      const done = await Promise.race([written, slow]);
      if (done !== undefined) return done;
      stuck += 1;
      void written.then(() => (stuck -= 1));
      return { problem: 'evidence takes too long to read' };
    },
  };
}
/** Eight megabytes and a hash take some 50 ms on a busy disk. */
const writeWithinMs = 3000;

async function leaveFiles(captured: Captured): Promise<void> {
  captured.missing.push('executable and libraries: an earlier read is still stuck');
  await closeCaptured(captured);
}

interface Evidence {
  readonly incident: Incident;
  readonly action: Action;
  readonly time: number;
  readonly captured: Captured;
}

async function writeEvidence(
  root: string,
  capBytes: number,
  e: Evidence,
): Promise<{ path?: string; problem?: string }> {
  try {
    const dir = join(root, e.incident.id);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // What lies there already stays: an attacker who makes noise must not push out the first trace.
    const room = { bytes: capBytes - (await sizeOf(root)) };
    const files = await keepFiles(dir, room, e);
    const report = {
      time: e.time,
      action: e.action,
      incident: e.incident.id,
      sentence: e.incident.sentence,
      culprit: e.incident.culprit,
      ...(await describeCapture(e.captured)),
      ...files,
    };
    const bytes = Buffer.from(`${JSON.stringify(report, null, 1)}\n`);
    if (bytes.length > room.bytes) return { problem: 'the evidence directory is at its cap' };
    const path = join(dir, `${e.time}-${e.action}.json`);
    await writeNew(path, bytes);
    return { path };
  } catch (error) {
    return { problem: `evidence could not be written (${codeOf(error)})` };
  } finally {
    await closeCaptured(e.captured);
  }
}

async function describeCapture(captured: Captured): Promise<object> {
  await readLineage(captured);
  const { lineage, members, more, files, missing } = captured;
  return { lineage, processes: members, more, files, missing };
}

async function keepFiles(dir: string, room: { bytes: number }, e: Evidence): Promise<object> {
  const keep = async (handle: FileHandle, name: string, copy: boolean): Promise<FileFacts> => {
    const facts = await workUp(handle, copy && room.bytes > maxCopyBytes ? join(dir, name) : undefined);
    if (facts.copy !== undefined) room.bytes -= facts.bytes;
    return facts;
  };
  const { exe, mapped } = e.captured;
  const libraries: (FileFacts & { path: string })[] = [];
  for (const [i, { path, handle }] of mapped.entries()) {
    libraries.push({ path, ...(await keep(handle, `${e.time}-lib${i}.bin`, true)) });
  }
  if (exe === undefined) return { libraries };
  const handle = await openHeld(exe);
  try {
    return { exe: await keep(handle, `${e.time}-exe.bin`, isDropped(e.incident, e.captured)), libraries };
  } finally {
    await handle.close();
  }
}

/** Only foreign bytes are copied: a shell of the image is known by its digest already. */
function isDropped(incident: Incident, captured: Captured): boolean {
  const exe =
    captured.lineage.find((p) => p.pid === incident.culprit.pid)?.exe ?? captured.members[0]?.exe ?? '';
  const foreign = incident.drifts.some(
    (d) => d.kind === 'exec' && d.origin !== undefined && d.origin !== 'image',
  );
  return foreign || exe.endsWith(' (deleted)') || exe.startsWith('/memfd:');
}

async function workUp(handle: FileHandle, copyTo: string | undefined): Promise<FileFacts> {
  const { size } = await handle.stat();
  if (size > maxHashBytes)
    return { bytes: size, left: `larger than ${maxHashBytes} bytes: neither hashed nor copied` };
  const copy = copyTo !== undefined && size <= maxCopyBytes ? await open(copyTo, 'wx', 0o600) : undefined;
  try {
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({
      start: 0,
      end: maxHashBytes,
      highWaterMark: chunkBytes,
      autoClose: false,
    })) {
      hash.update(chunk);
      await copy?.write(chunk);
    }
    await copy?.sync();
    return {
      sha256: hash.digest('hex'),
      bytes: size,
      ...(copy === undefined || copyTo === undefined ? {} : { copy: copyTo }),
    };
  } finally {
    await copy?.close();
  }
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await file.close();
  }
}

async function sizeOf(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((e) => e.isFile())
      .map((e) =>
        stat(join(e.parentPath, e.name)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
