import { FingerprintError } from './errors.ts';

/** A hundred programs of ten thousand dependencies each: walks from many places cost the square of a hostile graph. */
const maxSteps = 1_000_000;

/** Elements of an SBOM that name each other: which packages lie in which program or archive. */
export class ReferenceGraph<T> {
  readonly #nodes = new Map<string, T>();
  readonly #places = new Map<string, string>();
  readonly #edges = new Map<string, string[]>();
  #steps = 0;

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

  /**
   * What lies in each place, directly or by others.
   * @param wanted places worth the walk
   * @throws FingerprintError TOO_LARGE when the walks together take more steps than those of any real image
   */
  *holdings(wanted: (path: string) => boolean): Generator<{ readonly path: string; readonly holds: T }> {
    for (const [ref, path] of this.#places) {
      if (!wanted(path)) continue;
      for (const found of this.#reach(ref)) {
        const holds = this.#nodes.get(found);
        if (holds !== undefined) yield { path, holds };
      }
    }
  }

  *#reach(from: string): Generator<string> {
    const seen = new Set([from]);
    const open = [from];
    for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
      for (const next of this.#edges.get(ref) ?? []) {
        this.#step();
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
        yield next;
      }
    }
  }

  #step(): void {
    this.#steps++;
    if (this.#steps > maxSteps)
      throw new FingerprintError('TOO_LARGE', `its dependencies take more than ${maxSteps} steps to follow`);
  }
}
