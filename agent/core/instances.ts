import type { Actor } from '../../fingerprint/behaviour.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { ContainerRef, Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { Attributed } from './attributed.ts';
import type { CgroupOwner } from './cgroup-path.ts';
import { parseCgroupPath } from './cgroup-path.ts';
import type { Surroundings } from './surroundings.ts';

/** One running copy as attribution knows it; its workload comes later, from the container runtime. */
export interface InstanceRecord {
  /** As reports carry it: of control characters and great length only a form that no report is refused for. */
  readonly id: string;
  /** The cgroup that is the instance, absolute below the mount; empty where events name a container only. */
  readonly cgroupPath: string;
  readonly owner: CgroupOwner;
  /** What the event source itself knew of the container. */
  container: ContainerRef | undefined;
  readonly startedAt: number;
  /** Its root process: the first that executed (or was found) in it. */
  first: ProcessRef | undefined;
  /** Start of the process taken for the entrypoint among those found. */
  entrypointStart: number;
  state: 'new' | 'started' | 'found' | 'exited';
  workload: Workload | undefined;
  /** Known with the workload; of a recording never. */
  surroundings: Surroundings | undefined;
  /** Layers of the other images of its pod, topmost first each. */
  podImages: readonly (readonly string[])[];
  /** Nobody could say what it is: its behaviours are counted, not kept. */
  abandoned: boolean;
  /** Living members. */
  live: number;
  emptySince: number;
  /** Behaviours that wait for the workload to be known. */
  pen: Attributed[];
  /** One object per (root, lineage), so that later stages can key on it. */
  readonly actors: Map<string, Actor>;
}

interface CgroupNode {
  readonly path: string;
  /** undefined: not looked up yet; null: nobody's (root, slices). */
  instance: InstanceRecord | null | undefined;
}

/** 16 × the 4 096 cgroups of a crowded node (110 pods, a few containers and children each, and systemd's own). */
const maxCgroups = 65_536;
const maxActors = 4_096;

/** Inode of the v2 hierarchy's root: what is in no cgroup of its own is the host's, also where a recording does not say so. */
const rootCgroup = 1;

/** Cgroups by id and the instances they belong to. Child cgroups belong to the instance above them. */
export class Instances {
  readonly #cgroups = new Map<number, CgroupNode>();
  readonly #byPath = new Map<string, InstanceRecord>();
  readonly #byId = new Map<string, InstanceRecord>();
  readonly #offline: boolean;

  constructor(options: { readonly offline: boolean }) {
    this.#offline = options.offline;
  }

  all(): Iterable<InstanceRecord> {
    return this.#byId.values();
  }

  get(id: string): InstanceRecord | undefined {
    return this.#byId.get(id);
  }

  /** @returns false when there is no room for another cgroup. */
  learnCgroup(id: number, path: string): boolean {
    if (this.#cgroups.get(id)?.path === path) return true;
    if (this.#cgroups.size >= maxCgroups) return false;
    this.#cgroups.set(id, { path, instance: undefined });
    return true;
  }

  pathOf(cgroup: number): string | undefined {
    return this.#cgroups.get(cgroup)?.path;
  }

  /** @returns the instance that ended with this cgroup, if it was an instance's own. */
  removeCgroup(event: EventOf<'cgroup'>): InstanceRecord | undefined {
    const node = this.#cgroups.get(event.id);
    this.#cgroups.delete(event.id);
    const path = node?.path ?? event.path;
    const instance = this.#byPath.get(path);
    if (instance === undefined) return undefined;
    this.close(instance);
    return instance;
  }

  close(instance: InstanceRecord): void {
    instance.state = 'exited';
    if (this.#byPath.get(instance.cgroupPath) === instance) this.#byPath.delete(instance.cgroupPath);
    if (this.#byId.get(instance.id) === instance) this.#byId.delete(instance.id);
    for (const node of this.#cgroups.values()) if (node.instance === instance) node.instance = undefined;
  }

  /** Whose an event is, from what the event itself says. */
  ofEvent(event: Event): InstanceRecord | undefined {
    const known = event.cgroup === undefined ? undefined : this.ofCgroup(event.cgroup, event.time);
    if (known !== undefined) return known;
    const ref = event.container;
    if (ref !== undefined)
      return this.#byId.get(instanceId(ref.id)) ?? this.#open(ref.id, '', { kind: 'group' }, ref, event.time);
    if (event.cgroup === rootCgroup) return undefined;
    if (!this.#offline || (event.cgroup !== undefined && this.#cgroups.has(event.cgroup))) return undefined;
    // A recording without cgroups or containers is one copy; with bare ids, one copy per id.
    const id = event.cgroup === undefined ? 'recording' : `cgroup:${event.cgroup}`;
    return this.#byId.get(id) ?? this.#open(id, '', { kind: 'group' }, undefined, event.time);
  }

  ofCgroup(cgroup: number, time: number): InstanceRecord | undefined {
    const node = this.#cgroups.get(cgroup);
    if (node === undefined) return undefined;
    if (node.instance === undefined) node.instance = this.#ofPath(node.path, time) ?? null;
    return node.instance ?? undefined;
  }

  /** No other instance lives below its cgroup. */
  isExclusive(instance: InstanceRecord): boolean {
    if (instance.cgroupPath === '') return false;
    const below = `${instance.cgroupPath}/`;
    for (const other of this.#byId.values()) if (other.cgroupPath.startsWith(below)) return false;
    return true;
  }

  #ofPath(path: string, time: number): InstanceRecord | undefined {
    const owner = parseCgroupPath(path);
    switch (owner.kind) {
      case 'group':
        return undefined;
      case 'container':
        return (
          this.#byPath.get(owner.path) ?? this.#open(owner.containerId, owner.path, owner, undefined, time)
        );
      case 'unit':
        return this.#byPath.get(owner.path) ?? this.#open(owner.path, owner.path, owner, undefined, time);
      case 'cgroup':
        return this.#above(owner.path) ?? this.#open(owner.path, owner.path, owner, undefined, time);
    }
  }

  #above(path: string): InstanceRecord | undefined {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const instance = this.#byPath.get(at);
      if (instance !== undefined) return instance;
    }
    return undefined;
  }

  #open(
    name: string,
    cgroupPath: string,
    owner: CgroupOwner,
    container: ContainerRef | undefined,
    time: number,
  ): InstanceRecord {
    const instance: InstanceRecord = {
      id: instanceId(name),
      cgroupPath,
      owner,
      container,
      startedAt: time,
      first: undefined,
      entrypointStart: Number.POSITIVE_INFINITY,
      state: 'new',
      workload: undefined,
      surroundings: undefined,
      podImages: [],
      abandoned: false,
      live: 0,
      emptySince: time,
      pen: [],
      actors: new Map(),
    };
    this.#byId.set(instance.id, instance);
    if (cgroupPath !== '') this.#byPath.set(cgroupPath, instance);
    return instance;
  }
}

/** What a report may hold for an id is 1024 characters (fingerprint/workload-json.ts). */
const maxShown = 900;

/**
 * Whoever may make a cgroup chooses its name, and the kernel takes all but newlines: a name that reports are refused
 * for would hide everything that happens in it. What had to be changed is told apart by its digest.
 */
export function instanceId(name: string): string {
  const shown = printable(name, maxShown);
  return shown === name ? name : `${shown}~${sha256Hex(new TextEncoder().encode(name)).slice(0, 16)}`;
}

/** One text for one actor: at each execution, so it is made as cheaply as it can be. */
function actorKey({ root, lineage }: Actor): string {
  const joined = lineage.join('\0');
  // No path has NUL in it; a recording may say anything.
  const isPlain = lineage.every((exe) => !exe.includes('\0'));
  return isPlain ? `${root}\0${joined}` : `${root} ${JSON.stringify(lineage)}`;
}

/** The actor of this root and lineage, always the same object while the instance lives. */
export function internActor(instance: InstanceRecord, actor: Actor): Actor {
  const key = actorKey(actor);
  const known = instance.actors.get(key);
  if (known !== undefined) return known;
  // An endless chain of new programs must not grow the table; later stages only lose their caches.
  if (instance.actors.size >= maxActors) instance.actors.clear();
  instance.actors.set(key, actor);
  return actor;
}
