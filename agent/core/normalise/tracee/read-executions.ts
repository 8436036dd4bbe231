import { type KeyBuffer, newKeyBuffer } from '../../hotpath/act-key.ts';
import type { TraceeRaw } from '../../hotpath/tracee-raw.ts';
import type { Read } from './tracee-facts.ts';
import { slotOf } from './tracee-fields.ts';

/** A power of two. A node runs some hundred different commands over and over; 512 of the longest weigh a MB. */
const maxKept = 512;
const envSlot = slotOf('sched_process_exec', 'env');

interface Kept {
  readonly words: Int32Array;
  readonly read: Read;
}

/**
 * What executions were read as: a service starts the same helper with the same arguments over and over, and reading its
 * texts costs more than all else about its life. Whoever is watched chooses the bytes, so the hash only chooses the
 * place, and every byte of every argument that is read is compared.
 */
export class ReadExecutions {
  readonly #kept: (Kept | undefined)[] = Array.from({ length: maxKept });
  readonly #key = newKeyBuffer();

  /** @param read of the same record; called for what did not come last in its place */
  of(raw: TraceeRaw, read: () => Read): Read {
    const key = this.#key;
    // What stands in an environment is nobody's to keep.
    if (!raw.fillKey(key) || raw.arguments.field(envSlot) !== 0) return read();
    const place = key.hash & (maxKept - 1);
    const kept = this.#kept[place];
    if (kept !== undefined && isSame(kept.words, key)) return kept.read;
    const fresh = read();
    this.#kept[place] = { words: key.words.slice(0, key.length), read: fresh };
    return fresh;
  }

  /** From here on the same bytes may mean something else. */
  clear(): void {
    this.#kept.fill(undefined);
  }
}

function isSame(kept: Int32Array, { words, length }: KeyBuffer): boolean {
  if (kept.length !== length) return false;
  for (let i = 0; i < length; i++) if (kept[i] !== words[i]) return false;
  return true;
}
