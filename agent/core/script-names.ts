import { baseName } from '../../fingerprint/program.ts';
import type { AttributedAct } from './attributed.ts';
import { readerOf } from './code-read.ts';

/** Entrypoints, jobs, hooks of one copy; beyond, nothing that an interpreter reads is answered without a look. */
const maxNames = 1_024;

/**
 * Last parts of the scripts that interpreters of one copy were started with. A file of such a name is code to one process
 * and data to the next, so that no earlier answer holds for it; any other file is the same to all that run the program.
 */
export class ScriptNames {
  readonly #names = new Set<string>();

  /** @returns whether a file that was data to all so far may be code now. */
  learn(act: AttributedAct): boolean {
    if (act.event.kind !== 'exec') return false;
    const script = readerOf({ ...act, image: act.event })?.script;
    if (script === undefined || this.#names.has(script) || this.#names.size > maxNames) return false;
    this.#names.add(script);
    return true;
  }

  /** Whether this file may be a script that somebody was started with. */
  mayBe(path: string): boolean {
    return this.#names.size > maxNames || this.#names.has(baseName(path));
  }
}
