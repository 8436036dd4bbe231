import type { ContainerRef, Origin, ProcessRef } from '../../fingerprint/event.ts';
import type { Role } from '../../fingerprint/workload.ts';

/** What a runtime knows of a container beyond what recordings keep. */
export interface RunningContainer extends ContainerRef {
  readonly role?: Role;
  /** Of its pod, as kubelet told the runtime. */
  readonly podUid?: string;
  /** What its image is called besides, where the runtime tells: `repo:tag`, `repo@sha256:…`. */
  readonly alsoCalled?: readonly string[];
  /** Directories of the layers of the other images of its pod, topmost first each: what an init container hands over. */
  readonly podImages?: readonly (readonly string[])[];
}

/** Who lives in a cgroup. `undefined` = not mine, ask the next runtime; throws = mine and broken (retry may help). */
export interface ContainerRuntime {
  readonly name: string;
  identify(cgroupPath: string, first: ProcessRef): Promise<RunningContainer | undefined>;
}

/** Takes what the Kubernetes API tells of objects of one kind: JSON as the API wrote it, unchecked. */
export interface ObjectSink {
  /** All there are, in pages, in the place of what was told before; a list that breaks off begins anew. */
  begin(): void;
  page(objects: readonly unknown[]): void;
  complete(): void;
  /** One was added or changed, or is gone. */
  set(object: unknown): void;
  remove(object: unknown): void;
  /** From here on what it tells is the present state, or it tells nothing: why, for a person. */
  reached(): void;
  away(reason: string): void;
}

/** The pods of this node, or the namespaces that bear a label, from the Kubernetes API. */
export interface ObjectSource {
  /** Tells until `signal` aborts, and comes back by itself whenever the API was away. */
  run(sink: ObjectSink, signal: AbortSignal): Promise<void>;
}

/** A file that was executed, mapped or read as code. */
export interface CodeQuestion {
  /** Processes of the copy: the root of the first that lives is where the path is seen from. */
  readonly within: readonly ProcessRef[];
  readonly path: string;
  /** What the source said. */
  readonly origin: Origin;
  /** µs since the epoch: what changed since then is not what was run. */
  readonly time: number;
  readonly podImages: readonly (readonly string[])[];
}

/** Looks at the bytes of code. */
export interface CodeBytes {
  /** @returns undefined: as the source said. Answers within some milliseconds; never waits for a process, a pipe or a network. */
  of(question: CodeQuestion): { readonly origin: Origin; readonly sha256?: string } | undefined;
  /** How often it looked, found it otherwise, and did not look for want of budget or certainty. */
  counters(): Readonly<Record<string, number>>;
}

/** Who came in from outside. */
export interface Logins {
  /** `uid:N` of the login that the process descends from, unless it is the container's own; undefined when there is none. */
  of(process: ProcessRef, first: ProcessRef | undefined): string | undefined;
}
