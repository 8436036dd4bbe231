import type { Descriptor } from './documents.ts';
import { RegistryError } from './errors.ts';
import { type ImageReference, nameOf } from './reference.ts';
import type { Mirror } from './settings.ts';
import type { Fetched, Source } from './source.ts';

type Place = Pick<ImageReference, 'registry' | 'repository'>;

/** Where else a repository may be read, the most exact rule first. */
export function mirrorsOf(place: Place, mirrors: readonly Mirror[]): readonly Place[] {
  const name = nameOf(place);
  return mirrors
    .filter(({ from }) => name === from || name.startsWith(`${from}/`))
    .toSorted((a, b) => b.from.length - a.from.length)
    .map(({ from, to }) => `${to}${name.slice(from.length)}`)
    .map((text) => ({
      registry: text.slice(0, text.indexOf('/')),
      repository: text.slice(text.indexOf('/') + 1),
    }));
}

/**
 * Reads from mirrors before the registry itself. A mirror is believed as little as a registry: what it gives must have
 * the digest that was asked for. Mirrors rarely carry what is attached to an image, so an empty list is asked on.
 */
export class MirroredSource implements Source {
  readonly name: string;
  readonly #sources: readonly Source[];
  readonly #say: (text: string) => void;

  /** @param sources the mirrors, then the registry itself */
  constructor(name: string, sources: readonly Source[], say: (text: string) => void) {
    this.name = name;
    this.#sources = sources;
    this.#say = say;
  }

  manifest(target: string): Promise<Fetched | undefined> {
    return this.#first(
      (source) => source.manifest(target),
      (found) => found !== undefined,
    );
  }

  blob(digest: string, maxBytes: number): Promise<Uint8Array> {
    return this.#first(
      (source) => source.blob(digest, maxBytes),
      () => true,
    );
  }

  referrers(digest: string): Promise<readonly Descriptor[]> {
    return this.#first(
      (source) => source.referrers(digest),
      (found) => found.length > 0,
    );
  }

  /** "None" counts only when every source could be asked: what is out of reach may have one. */
  async #first<T>(ask: (source: Source) => Promise<T>, isAnswer: (found: T) => boolean): Promise<T> {
    let failure: RegistryError | undefined;
    let none: { readonly found: T } | undefined;
    for (const source of this.#sources) {
      try {
        const found = await ask(source);
        if (isAnswer(found)) return found;
        none = { found };
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failure = error;
        if (source !== this.#sources.at(-1)) this.#say(`${error.message}; asking the next source`);
      }
    }
    if (failure !== undefined) throw failure;
    if (none === undefined) throw new RegistryError('REGISTRY_NOT_FOUND', `${this.name} has no source`);
    return none.found;
  }
}
