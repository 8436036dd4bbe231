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

/** What the registry itself says of what it has not. */
const none = Symbol('none');

/**
 * Reads from mirrors before the registry itself. A mirror is believed as little as a registry: what it gives must have
 * the digest that was asked for. Mirrors rarely carry what is attached to an image, so an empty list is asked on.
 */
export class MirroredSource implements Source {
  readonly name: string;
  readonly #sources: readonly Source[];
  readonly #say: (text: string) => void;
  readonly #told = new Set<string>();

  /** @param sources the mirrors, then the registry itself */
  constructor(name: string, sources: readonly Source[], say: (text: string) => void) {
    this.name = name;
    this.#sources = sources;
    this.#say = say;
  }

  /** That the registry itself has none is an answer: a mirror that is down must not take away what it has. */
  async manifest(target: string): Promise<Fetched | undefined> {
    const own = this.#sources.at(-1);
    return this.#first(
      async (source) => {
        const found = await source.manifest(target);
        return found ?? (source === own ? none : undefined);
      },
      (found) => found !== undefined,
    ).then((found) => (found === none ? undefined : found));
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

  /** An empty answer counts only when every source could be asked: what is out of reach may have more. */
  async #first<T>(ask: (source: Source) => Promise<T>, isAnswer: (found: T) => boolean): Promise<T> {
    let failure: RegistryError | undefined;
    let empty: { readonly found: T } | undefined;
    for (const source of this.#sources) {
      try {
        const found = await ask(source);
        if (isAnswer(found)) return found;
        empty = { found };
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        failure = error;
        if (source !== this.#sources.at(-1)) this.#tell(`${error.message}; asking the next source`);
      }
    }
    if (failure !== undefined) throw failure;
    if (empty === undefined) throw new RegistryError('REGISTRY_NOT_FOUND', `${this.name} has no source`);
    return empty.found;
  }

  /** Once: a dozen things are asked for, and the mirror is down for each of them. */
  #tell(sentence: string): void {
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    this.#say(sentence);
  }
}
