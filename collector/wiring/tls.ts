import { type TlsFiles, tlsFiles } from '../adapters/keys/tls-files.ts';
import type { Log } from '../ports.ts';

/** Certificate, key and authorities of the collector, as they lie on the disk at this moment. */
export class TlsWatch {
  readonly #read: () => Promise<TlsFiles>;
  readonly #log: Log;
  #current: TlsFiles;

  /** @throws CollectorError */
  static async open(
    at: { readonly dir: string; readonly names: readonly string[]; readonly now: () => number },
    log: Log,
  ): Promise<TlsWatch> {
    const { dir, names, now } = at;
    return new TlsWatch(() => tlsFiles(dir, names, now(), true), await tlsFiles(dir, names, now()), log);
  }

  private constructor(read: () => Promise<TlsFiles>, current: TlsFiles, log: Log) {
    this.#read = read;
    this.#current = current;
    this.#log = log;
  }

  get current(): TlsFiles {
    return this.#current;
  }

  /** @returns them when they are others now. What cannot be read is told, and what was read goes on. */
  async look(): Promise<TlsFiles | undefined> {
    try {
      const now = await this.#read();
      if (isSame(now, this.#current)) return undefined;
      this.#current = now;
      this.#log.info({ caFile: now.caFile }, 'TLS files were taken up');
      return now;
    } catch (err) {
      this.#log.error({ err }, 'TLS files cannot be taken up');
      return undefined;
    }
  }
}

/** As the agents' door shows them. */
export function doorOf({ certificate, key, bundle }: TlsFiles) {
  return { certificate, key, ca: bundle };
}

function isSame(a: TlsFiles, b: TlsFiles): boolean {
  return (
    a.certificate.equals(b.certificate) &&
    a.key.equals(b.key) &&
    a.bundle === b.bundle &&
    a.authority.key === b.authority.key
  );
}
