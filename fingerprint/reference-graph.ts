/** Elements of an SBOM that name each other: which packages lie in which program or archive. */
export class ReferenceGraph<T> {
  readonly #nodes = new Map<string, T>();
  readonly #places = new Map<string, string>();
  readonly #edges = new Map<string, string[]>();

  node(ref: string, value: T): void {
    this.#nodes.set(ref, value);
  }

  /** An element that is a file and no package. */
  place(ref: string, path: string): void {
    this.#places.set(ref, path);
  }

  edge(from: string, to: string): void {
    const edges = this.#edges.get(from);
    if (edges === undefined) this.#edges.set(from, [to]);
    else edges.push(to);
  }

  /** Tells each place all that is reached from it, directly or by others. */
  holdAll(holder: { hold(place: string, reach: Iterable<T | undefined>): void }): void {
    for (const [ref, path] of this.#places) holder.hold(path, this.#reach(ref));
  }

  *#reach(from: string): Generator<T | undefined> {
    const seen = new Set([from]);
    const open = [from];
    for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
      for (const next of this.#edges.get(ref) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
        yield this.#nodes.get(next);
      }
    }
  }
}
