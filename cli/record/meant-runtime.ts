import { parseCgroupPath } from '../../agent/core/cgroup-path.ts';
import type { ContainerRuntime, RunningContainer } from '../../agent/ports/containers.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import { unpushedDigest } from '../../fingerprint/image-ref.ts';
import { isMeant } from './image-pattern.ts';
import type { Target } from './target.ts';

/** What was learned of who ran. */
export interface Census {
  /** By instance: what it is recorded as. */
  readonly targets: Map<string, Target>;
  /** Cgroups of what is recorded. */
  readonly cgroups: Set<string>;
  /** By target: the digests that ran. */
  readonly digests: Map<Target, Set<string>>;
  /** Copies that ran before: their start was not seen, so they are left out. */
  readonly older: Map<Target, Set<string>>;
  /** Containers that started and that no runtime could name. */
  readonly unnamed: Set<string>;
}

export function newCensus(): Census {
  return { targets: new Map(), cgroups: new Set(), digests: new Map(), older: new Map(), unnamed: new Set() };
}

/**
 * Knows only those that are to be recorded: for everybody else there is no answer, so nothing of them is kept.
 * @param since µs since boot when watching began
 */
export function meantRuntime(
  runtimes: readonly ContainerRuntime[],
  targets: readonly Target[],
  since: number,
  census: Census,
): ContainerRuntime {
  return {
    name: 'record',
    identify: async (cgroupPath, first) => {
      if (parseCgroupPath(cgroupPath).kind !== 'container') return undefined;
      const isNew = first.start >= since;
      if (isNew) census.unnamed.add(cgroupPath);
      const found = await ask(runtimes, cgroupPath, first);
      if (found === undefined) return undefined;
      census.unnamed.delete(cgroupPath);
      const target = targets.find(({ image }) => image !== undefined && isMeant(image, found));
      if (target === undefined) return undefined;
      if (!isNew) {
        note(census.older, target, found.id);
        return undefined;
      }
      census.targets.set(found.id, target);
      census.cgroups.add(cgroupPath);
      if (found.digest !== undefined) note(census.digests, target, found.digest);
      return { ...found, digest: found.digest ?? unpushedDigest };
    },
  };
}

async function ask(
  runtimes: readonly ContainerRuntime[],
  cgroupPath: string,
  first: ProcessRef,
): Promise<RunningContainer | undefined> {
  for (const runtime of runtimes) {
    const found = await runtime.identify(cgroupPath, first);
    if (found !== undefined) return found;
  }
  return undefined;
}

function note(notes: Map<Target, Set<string>>, target: Target, what: string): void {
  const known = notes.get(target) ?? new Set();
  notes.set(target, known.add(what));
}

/** The command itself, in a cgroup of its own. */
export function commandRuntime(
  cgroup: string,
  target: Target,
  command: readonly string[],
  census: Census,
): ContainerRuntime {
  return {
    name: 'record',
    identify: async (cgroupPath) => {
      if (cgroupPath !== cgroup) return undefined;
      census.targets.set(cgroupPath, target);
      census.cgroups.add(cgroupPath);
      return { id: cgroupPath, image: target.name, digest: unpushedDigest, command };
    },
  };
}
