import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path/posix';
import type { NodeView, Place } from '../../ports.ts';
import { readStat } from './process-proc.ts';

/** Kubelet nests five deep; a container's own children are not looked through. */
const maxDepth = 8;
/** Directories looked through for one container. */
const maxLooked = 16_384;

export interface NodePlace {
  /** `/proc`, or a folder made like it. */
  readonly proc: string;
  /** Mount point of the v2 hierarchy; undefined where there is none. */
  readonly cgroups: string | undefined;
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

/** This machine, for the normalisers of other people's sources. */
export function procNodeView({ proc, cgroups, now }: NodePlace): NodeView {
  return {
    bootOffset: () => now() - uptimeUs(proc),
    startTicks: (pid) => readStat(pid, proc)?.startTicks,
    placeOf: (id, pid) => {
      // What is looked for below becomes part of a path that may be frozen.
      if (cgroups === undefined || !/^[0-9a-f]{12,64}$/.test(id)) return undefined;
      return ofProcess(proc, cgroups, id, pid) ?? search(cgroups, id);
    },
  };
}

/** In steps of 10 ms: read until it moves, so that it is exact to the time of a read. */
function uptimeUs(proc: string): number {
  const read = (): number => Math.round(Number(readFileSync(`${proc}/uptime`, 'utf8').split(' ')[0]) * 1e6);
  const first = read();
  for (let i = 0; i < 10_000; i++) {
    const now = read();
    if (now !== first) return now;
  }
  // A folder made like /proc stands still.
  return first;
}

function ofProcess(proc: string, mount: string, id: string, pid: number): Place | undefined {
  const text = unlessGone(() => readFileSync(`${proc}/${pid}/cgroup`, 'utf8'));
  const path = text
    ?.split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice('0::'.length);
  if (path === undefined) return undefined;
  const segments = path.split('/');
  // Whoever may make control groups inside a container chooses their names, another container's too.
  const at = segments.findIndex((segment) => containerIn(segment) !== undefined);
  return containerIn(segments[at] ?? '')?.startsWith(id) === true
    ? placeAt(mount, segments.slice(0, at + 1).join('/'))
    : undefined;
}

/** Breadth first, since containers lie near the top; never below one, where names are its own choice. */
function search(mount: string, id: string): Place | undefined {
  let level: readonly string[] = [''];
  let looked = 0;
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const below: string[] = [];
    for (const path of foldersIn(mount, level)) {
      looked += 1;
      if (looked > maxLooked) return undefined;
      const container = containerIn(basename(path));
      if (container?.startsWith(id) === true) return placeAt(mount, path);
      if (container === undefined) below.push(path);
    }
    level = below;
  }
  return undefined;
}

/** `<id>`, `cri-containerd-<id>.scope`, `<slice>:cri-containerd:<id>`; never the monitor beside it. */
function containerIn(segment: string): string | undefined {
  return segment.includes('conmon') ? undefined : /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/.exec(segment)?.[1];
}

function placeAt(mount: string, path: string): Place | undefined {
  return unlessGone(() => ({ id: statSync(mount + path).ino, path }));
}

function* foldersIn(mount: string, paths: readonly string[]): Generator<string> {
  for (const path of paths)
    for (const entry of unlessGone(() => readdirSync(mount + path, { withFileTypes: true })) ?? [])
      if (entry.isDirectory()) yield `${path}/${entry.name}`;
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Control groups and processes end while they are looked at.
    return undefined;
  }
}
