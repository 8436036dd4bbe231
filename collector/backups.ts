import type { BackupAnswer } from './ports/backups.ts';
import type { Log } from './ports.ts';

/** Author and reason of a change that a person makes. */
export interface ByWhom {
  readonly author: string;
  readonly reason?: string;
}

export interface BackupsOptions {
  /** Makes the file. @throws BackupError */
  readonly write: (out: string, withKeys: boolean) => Promise<BackupAnswer>;
  readonly log: Log;
  /** Puts on record who took a copy of everything that this collector knows. */
  readonly record?: (
    about: { readonly type: 'backup'; readonly detail: object } & ByWhom,
  ) => Promise<unknown>;
}

/** Backups of a running collector, one after the other: two at once would each take twice as long. */
export class Backups {
  readonly #options: BackupsOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** @param out absolute, on this machine @throws BackupError */
  async make(out: string, withKeys: boolean, by: ByWhom): Promise<BackupAnswer> {
    const made = this.#last.then(() => this.#options.write(out, withKeys));
    this.#last = made.catch(() => undefined);
    const answer = await made;
    this.#options.log.info({ file: answer.file, bytes: answer.bytes, withKeys }, 'backup');
    const detail = { file: answer.file, bytes: answer.bytes, withKeys, epoch: answer.manifest.epoch };
    await this.#options.record?.({ type: 'backup', detail, ...by });
    return answer;
  }
}
