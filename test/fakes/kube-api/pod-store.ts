/** A pod as the API has it: any JSON with a name. */
export interface Pod {
  readonly metadata: PodMetadata;
  readonly spec?: PodSpec;
  readonly status?: object;
}

interface PodMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly [more: string]: unknown;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly [more: string]: unknown;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One version of one pod, and the one before: a selector that fits only one of them makes it come or go. */
export interface Change {
  readonly version: number;
  readonly type: ChangeType;
  readonly pod: Pod;
  readonly before: Pod | undefined;
}

/** Every version of every pod, numbered as etcd numbers them, until it is compacted. */
export class PodStore {
  readonly #pods = new Map<string, Pod>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #version: number;
  #oldest: number;

  constructor(version = 1000) {
    this.#version = version;
    this.#oldest = version;
  }

  get version(): number {
    return this.#version;
  }

  /** What is older than this cannot be gone on from. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Sorted as etcd keeps them. */
  all(): readonly Pod[] {
    return [...this.#pods.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pod]) => pod);
  }

  get(namespace: string, name: string): Pod | undefined {
    return this.#pods.get(`${namespace}/${name}`);
  }

  put(pod: Pod): Pod {
    const before = this.#pods.get(keyOf(pod));
    return this.#happened(before === undefined ? 'ADDED' : 'MODIFIED', pod, before);
  }

  remove(namespace: string, name: string): void {
    const before = this.get(namespace, name);
    if (before !== undefined) this.#happened('DELETED', before, before);
  }

  /** Everything up to here is forgotten, as etcd does every five minutes. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#history = [];
  }

  since(version: number): readonly Change[] {
    return this.#history.filter((change) => change.version > version);
  }

  /** @returns what ends it */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #happened(type: ChangeType, given: Pod, before: Pod | undefined): Pod {
    this.#version += 1;
    const pod: Pod = { ...given, metadata: this.#completed(given.metadata, before?.metadata) };
    if (type === 'DELETED') this.#pods.delete(keyOf(pod));
    else this.#pods.set(keyOf(pod), pod);
    const change = { version: this.#version, type, pod, before };
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
    return pod;
  }

  #completed(metadata: PodMetadata, before: PodMetadata | undefined): PodMetadata {
    return {
      creationTimestamp: '2026-11-20T10:26:22Z',
      ...metadata,
      namespace: metadata.namespace ?? 'default',
      uid: metadata.uid ?? before?.uid ?? crypto.randomUUID(),
      resourceVersion: String(this.#version),
    };
  }
}

function keyOf({ metadata: { namespace = 'default', name } }: Pod): string {
  return `${namespace}/${name}`;
}
