import { MirroredSource, mirrorsOf } from './mirrored.ts';
import { type ImageReference, nameOf } from './reference.ts';
import { Repository } from './repository.ts';
import type { RegistrySettings } from './settings.ts';
import type { Source } from './source.ts';
import { Transport } from './transport.ts';

/** The door to all registries: one set of connections, closed together. */
export class Registries {
  readonly settings: RegistrySettings;
  readonly #transport: Transport;

  constructor(settings: RegistrySettings) {
    this.settings = settings;
    this.#transport = new Transport(settings);
  }

  /** For reading, through mirrors where some are named. */
  reader(reference: Pick<ImageReference, 'registry' | 'repository'>): Source {
    const reached = { transport: this.#transport, settings: this.settings };
    const own = new Repository(reference, 'pull', reached);
    const mirrors = mirrorsOf(reference, this.settings.mirrors ?? []).map(
      (m) => new Repository(m, 'pull', reached),
    );
    return mirrors.length === 0
      ? own
      : new MirroredSource(nameOf(reference), [...mirrors, own], this.settings.say);
  }

  /** For reading where a mirror's word is not enough: what a tag means is signed or published. */
  own(reference: Pick<ImageReference, 'registry' | 'repository'>): Source {
    return new Repository(reference, 'pull', { transport: this.#transport, settings: this.settings });
  }

  /** For writing: always the registry that was named. */
  writer(reference: Pick<ImageReference, 'registry' | 'repository'>): Repository {
    return new Repository(reference, 'pull,push', { transport: this.#transport, settings: this.settings });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}
