import type { ActEvent } from './attributed.ts';

/** 8 KiB a copy, and only where the node is asked; 65 536 bits for the some thousand files that a service reads. */
const words = 2_048;

/**
 * Names of files that the node was asked about, because the source does not tell where files come from: of one that is
 * written to, or gets another file, whatever was known of the name was known of that file. One bit for each name: another
 * of the same bit only makes the node be asked once more.
 */
export class PlacedNames {
  #bits: Int32Array | undefined;

  /** @returns whether what was known of a name may be of another file from now on */
  learn(event: ActEvent): boolean {
    if (event.error !== undefined) return false;
    // What lies below the mount is another file, whatever it is called.
    if (event.kind === 'privilege') return event.privilege === 'mount' && this.#bits !== undefined;
    const changed = changedName(event);
    if (changed !== undefined) return this.#has(changed);
    if (event.kind === 'open' && event.origin === undefined) this.#add(event.path);
    return false;
  }

  #add(path: string): void {
    this.#bits ??= new Int32Array(words);
    const bit = bitOf(path);
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #has(path: string): boolean {
    const bit = bitOf(path);
    return (((this.#bits?.[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }
}

function changedName(event: ActEvent): string | undefined {
  switch (event.kind) {
    case 'open':
      return event.access === 'read' ? undefined : event.path;
    case 'rename':
      return event.to;
    case 'link':
      return event.path;
    default:
      return undefined;
  }
}

function bitOf(path: string): number {
  let hash = path.length;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x0100_0193);
  return (hash ^ (hash >>> 15)) & (words * 32 - 1);
}
