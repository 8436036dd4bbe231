import { realpathSync } from 'node:fs';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import type { Hold } from '../../ports/enforcer.ts';
import { type CgroupFs, childPath, until } from '../linux/cgroup-fs.ts';
import { readStat } from '../linux/process-proc.ts';
import { type HoldRecord, loadHolds, saveHolds } from './holds-file.ts';

type MarkerKind = 'hold' | 'freeze' | 'pause';
const kinds: readonly MarkerKind[] = ['hold', 'freeze', 'pause'];

/** How long a hold lasts whose deadline was lost with the file (DESIGN §7: ten minutes). */
const lostDeadlineUs = 600_000_000;

/**
 * The holds and freezes of one data directory. The cgroup file system itself is the journal: a hold is a child cgroup,
 * a freeze is marked by an empty one, both made before the act, so that a kill -9 at any moment leaves nothing frozen
 * that the next agent (or `resume --local`) cannot find. The file adds what a directory cannot tell.
 */
export interface HoldBook {
  readonly records: () => readonly HoldRecord[];
  /** The path of the marker; the same incident always has the same one. */
  marker(kind: MarkerKind, incident: string, cgroupPath: string): string;
  put(record: HoldRecord): Promise<void>;
  /** Forgets the holds whose processes are dead, and removes what marked them. */
  forget(): Promise<void>;
  /** Lets go what `which` names and thaws it. @returns what was let go. */
  release(which: (record: HoldRecord) => boolean): Promise<HoldRecord[]>;
}

/** Opens the book and takes over what an earlier agent of this data directory left behind. */
export async function openHoldBook(
  cgroups: CgroupFs,
  dataDir: string,
  now: () => number,
): Promise<HoldBook & { readonly problem?: string }> {
  // Markers carry whose they are: two agents on one machine (a test beside a service) never let go each other's.
  const tag = sha256Hex(new TextEncoder().encode(realpathSync(dataDir))).slice(0, 8);
  const loaded = await loadHolds(dataDir);
  let records = loaded.holds.filter((record) => inForce(cgroups, record));
  const known = new Set(records.map((record) => record.marker));
  for (const found of findMarkers(cgroups, '/', tag)) {
    if (!known.has(found.path)) records.push(...adopt(cgroups, found, now()));
  }
  let saving: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    for (const record of records) if (!inForce(cgroups, record)) cgroups.remove(record.marker);
    records = records.filter((record) => inForce(cgroups, record));
    saving = saving.catch(() => undefined).then(() => saveHolds(dataDir, records));
    return saving;
  };
  if (records.length > 0 || loaded.holds.length > 0 || loaded.problem !== undefined) await save();

  return {
    ...(loaded.problem === undefined ? {} : { problem: loaded.problem }),
    records: () => records.filter((record) => inForce(cgroups, record)),
    marker: (kind, incident, cgroupPath) =>
      childPath(cgroupPath, `whorl-${kind}-${incident.slice(0, 16)}-${tag}`),
    put: (record) => {
      records = [...records.filter((r) => r.marker !== record.marker), record];
      return save();
    },
    forget: save,
    release: async (which) => {
      const chosen = records.filter((record) => which(record) && inForce(cgroups, record));
      for (const record of chosen) await letGo(cgroups, record);
      records = records.filter((record) => !chosen.includes(record));
      await save();
      return chosen;
    },
  };
}

/** What is held may die all the same: of the kernel's want of memory, by the runtime, by a kill of ours. */
function inForce(cgroups: CgroupFs, record: HoldRecord): boolean {
  const { populated } = cgroups.state(record.action === 'hold' ? record.marker : record.cgroupPath);
  return populated && cgroups.exists(record.marker);
}

/** The hold as the port shows it. */
export function toHold(record: HoldRecord): Hold {
  const { incident, action, cgroupPath, pids, since, deadline } = record;
  return { incident, action, cgroupPath, pids, since, deadline };
}

interface FoundMarker {
  readonly kind: MarkerKind;
  readonly incident: string;
  readonly cgroupPath: string;
  readonly path: string;
}

function findMarkers(cgroups: CgroupFs, cgroupPath: string, tag: string): FoundMarker[] {
  return cgroups.children(cgroupPath).flatMap((path) => {
    const match = /\/whorl-([a-z]+)-([0-9a-f]{1,16})-([0-9a-f]{8})$/.exec(path);
    const kind = kinds.find((k) => k === match?.[1]);
    if (kind === undefined || match?.[3] !== tag) return findMarkers(cgroups, path, tag);
    return [{ kind, incident: match[2] ?? '', cgroupPath, path }];
  });
}

/** An act that a kill -9 cut short: finished where it had begun to stop something, undone where it had not. */
function adopt(cgroups: CgroupFs, found: FoundMarker, now: number): HoldRecord[] {
  const { kind, incident, cgroupPath, path } = found;
  // A hold begins with a SIGSTOP that is taken back once the freezer has them: here nobody was left to do so.
  if (kind === 'hold') wakeStopped([...cgroups.procsBelow(cgroupPath)]);
  const began =
    kind === 'hold' ? cgroups.procs(path).length > 0 : kind === 'freeze' && cgroups.state(cgroupPath).frozen;
  if (!began) {
    if (kind === 'pause') cgroups.freeze(cgroupPath, false);
    cgroups.remove(path);
    return [];
  }
  const pids = kind === 'hold' ? cgroups.procs(path) : cgroups.procsBelow(cgroupPath);
  const action = kind === 'hold' ? 'hold' : 'freeze';
  if (action === 'hold') cgroups.freeze(path, true);
  return [
    {
      incident,
      action,
      cgroupPath,
      pids,
      since: now,
      deadline: now + lostDeadlineUs,
      marker: path,
      from: {},
    },
  ];
}

function wakeStopped(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      if (readStat(pid)?.stopped === true) process.kill(pid, 'SIGCONT');
    } catch {
      // Gone meanwhile.
    }
  }
}

async function letGo(cgroups: CgroupFs, record: HoldRecord): Promise<void> {
  if (record.action === 'freeze') {
    // Thaw before the marker goes: cut short in between, the next one still finds it.
    const others = cgroups
      .children(record.cgroupPath)
      .filter((p) => p.includes('/whorl-freeze-') && p !== record.marker);
    if (others.length === 0 && cgroups.exists(record.cgroupPath)) cgroups.freeze(record.cgroupPath, false);
    cgroups.remove(record.marker);
    return;
  }
  // Each process thaws on arrival in its old cgroup; inside nobody can fork meanwhile, so one pass empties it.
  for (const pid of cgroups.procs(record.marker)) moveBack(cgroups, record, pid);
  for (const tid of cgroups.threads(record.marker)) moveBack(cgroups, record, tid);
  const gone = await until(() => cgroups.remove(record.marker), removeWithinMs);
  if (!gone) cgroups.freeze(record.marker, false);
}
/** A cgroup can be busy for the moment its last process takes to leave it. */
const removeWithinMs = 500;

function moveBack(cgroups: CgroupFs, record: HoldRecord, pid: number): void {
  for (const target of [record.from[String(pid)], record.cgroupPath]) {
    try {
      if (target !== undefined && cgroups.exists(target) && cgroups.move(pid, target)) return;
    } catch {
      // Refused (the cgroup was given controllers meanwhile): the next target, at last the thaw in place.
    }
  }
}
