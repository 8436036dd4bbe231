/** An object as the API has it: any JSON with a name. */
export interface KubeObject {
  readonly metadata: Metadata;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: object;
}

export interface Pod extends KubeObject {
  readonly spec?: PodSpec;
}

interface Metadata {
  readonly name: string;
  /** Of what has one: `default` where it is not said. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly [more: string]: unknown;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly [more: string]: unknown;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One version of one object, and the one before: a selector that fits only one of them makes it come or go. */
export interface Change {
  readonly version: number;
  readonly type: ChangeType;
  readonly object: KubeObject;
  readonly before: KubeObject | undefined;
}

/** A kind of objects, as the API names it. */
export interface Kind {
  readonly name: string;
  readonly isNamespaced: boolean;
}

/** Every version of every object of one kind, numbered as etcd numbers them, until it is compacted. */
export class ObjectStore {
  readonly kind: Kind;
  readonly #objects = new Map<string, KubeObject>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #version: number;
  #oldest: number;

  constructor(kind: Kind, version = 1000) {
    this.kind = kind;
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
  all(): readonly KubeObject[] {
    return [...this.#objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#objects.get(this.#key(namespace, name));
  }

  put(object: KubeObject): KubeObject {
    const before = this.get(object.metadata.namespace, object.metadata.name);
    return this.#happened(before === undefined ? 'ADDED' : 'MODIFIED', object, before);
  }

  /** @param namespace undefined of what has none */
  remove(namespace: string | undefined, name: string): void {
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

  /** Where it stands in a list: what comes after it has a larger one. */
  keyOf({ metadata }: KubeObject): string {
    return this.#key(metadata.namespace, metadata.name);
  }

  #happened(type: ChangeType, given: KubeObject, before: KubeObject | undefined): KubeObject {
    this.#version += 1;
    const object = { ...given, metadata: this.#completed(given.metadata, before?.metadata) };
    const key = this.keyOf(object);
    if (type === 'DELETED') this.#objects.delete(key);
    else this.#objects.set(key, object);
    const change = { version: this.#version, type, object, before };
    this.#history.push(change);
    for (const listener of this.#listeners) listener(change);
    return object;
  }

  #completed(metadata: Metadata, before: Metadata | undefined): Metadata {
    return {
      creationTimestamp: '2026-11-20T10:26:22Z',
      ...metadata,
      ...(this.kind.isNamespaced ? { namespace: metadata.namespace ?? 'default' } : {}),
      uid: metadata.uid ?? before?.uid ?? crypto.randomUUID(),
      resourceVersion: String(this.#version),
    };
  }

  #key(namespace: string | undefined, name: string): string {
    return this.kind.isNamespaced ? `${namespace ?? 'default'}/${name}` : name;
  }
}
