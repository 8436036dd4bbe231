import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { baselineText } from '../../fingerprint/baseline-text.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { readBaseline } from '../baseline-file.ts';
import { about, CliError, exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { fileName } from '../read-file.ts';
import { explainSystemError } from '../system-error.ts';
import type { LockEntry } from './lock-entry.ts';
import { reservedFile, type Target } from './target.ts';
import { parseUnstable, type UnstableFile, unstableText } from './unstable-file.ts';

const maxUnstableBytes = 4 << 20;

/** The directory that is committed: one baseline per image, and which of their entries come and go. */
export class RecordDirectory {
  readonly #io: Io;
  readonly #path: string;

  constructor(io: Io, path: string) {
    this.#io = io;
    this.#path = path;
  }

  /** @throws CliError: told before the tests run, not after */
  assertNoFile(): void {
    if (!existsSync(this.#path) || statSync(this.#path).isDirectory()) return;
    throw new CliError(
      exitCodes.usage,
      `--out ${fileName(this.#path)} is a file, expected a directory`,
      'name the directory it lies in',
    );
  }

  pathOf({ file }: Pick<Target, 'file'>): string {
    return join(this.#path, `${file}.json`);
  }

  has(target: Target): boolean {
    return existsSync(this.pathOf(target));
  }

  /** @throws CliError naming file and field */
  async read(target: Target): Promise<Baseline | undefined> {
    return this.has(target) ? await readBaseline(this.#io, this.pathOf(target)) : undefined;
  }

  /** @throws CliError naming file and field */
  async readUnstable(): Promise<UnstableFile> {
    const path = this.pathOf({ file: reservedFile });
    if (!existsSync(path)) return new Map();
    const bytes = await this.#io.readFile(path, { maxBytes: maxUnstableBytes });
    return about(fileName(path), () => parseUnstable(parseJson(bytes, { bytes: maxUnstableBytes })));
  }

  /** Each file whole or not at all; what did not change is not touched. @throws CliError */
  async write(entries: readonly LockEntry[], unstable: UnstableFile, before: UnstableFile): Promise<void> {
    await mkdir(this.#path, { recursive: true }).catch((cause: unknown) => {
      throw explainSystemError(cause, `cannot make ${fileName(this.#path)}`) ?? cause;
    });
    for (const { next, state, recorded } of entries)
      if (state !== 'unchanged') await this.#put(this.pathOf(recorded.target), baselineText(next));
    const text = unstableText(unstable);
    if (text !== unstableText(before)) await this.#put(this.pathOf({ file: reservedFile }), text);
  }

  async #put(path: string, text: string): Promise<void> {
    await this.#io.writeFile(path, text, { overwrite: true });
  }
}

/** @throws CliError when what is to be written stands there already and nobody said what to do about it */
export function assertFree(directory: RecordDirectory, targets: readonly Target[]): void {
  const taken = targets.find((target) => directory.has(target));
  if (taken === undefined) return;
  throw new CliError(
    exitCodes.usage,
    `${fileName(directory.pathOf(taken))} exists already`,
    '--check compares and writes nothing, --update replaces what has changed',
  );
}
