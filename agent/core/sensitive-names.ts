import { isSensitivePath } from '../../fingerprint/sensitive.ts';
import type { ActEvent } from './attributed.ts';

/**
 * Each is a link to a sensitive file or a sensitive file that was moved: a drift of its own unless it was learned, so
 * whoever would fill the table has an incident already. Certificate stores link some hundred files, seldom keys.
 */
const maxNames = 256;

export type NameLearned = 'nothing' | 'name' | 'full';

/**
 * Other names of sensitive files in one copy: what was linked to one or moved away from its place is judged by what it
 * is, wherever it is called otherwise now. Names come from the calls themselves; deleting one is not believed, because
 * that name can be rewritten while it is read, but a file that is truly new at that place ends it.
 */
export class SensitiveNames {
  readonly #real = new Map<string, string>();
  #directories = 0;

  /** The sensitive file that this is another name of. */
  of(path: string): string | undefined {
    if (this.#real.size === 0) return undefined;
    const real = this.#real.get(path);
    return real !== undefined || this.#directories === 0 ? real : this.#below(path);
  }

  /** Takes in what the act makes known. @returns whether an act that was harmless before may be grave now. */
  learn(event: ActEvent): NameLearned {
    switch (event.kind) {
      case 'link':
        return this.#add(event.path, linkTarget(event));
      case 'rename':
        return this.#add(event.to, event.path);
      case 'open':
        if (event.access === 'create') this.#forget(event.path);
        return 'nothing';
      default:
        return 'nothing';
    }
  }

  #add(name: string, target: string): NameLearned {
    if (!this.isGrave(target) || isSensitivePath(name)) return 'nothing';
    const real = this.of(target) ?? target;
    if (this.#real.get(name) === real || name === real) return 'nothing';
    if (this.#real.size >= maxNames && !this.#real.has(name)) return 'full';
    this.#forget(name);
    this.#real.set(name, real);
    if (isDirectory(real)) this.#directories += 1;
    return 'name';
  }

  /** Whether it is a sensitive file, one by another name, or a directory of such. */
  isGrave(path: string): boolean {
    return isSensitivePath(path) || isDirectory(path) || this.of(path) !== undefined;
  }

  #forget(name: string): void {
    const real = this.#real.get(name);
    if (real === undefined) return;
    this.#real.delete(name);
    if (isDirectory(real)) this.#directories -= 1;
  }

  #below(path: string): string | undefined {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const real = this.#real.get(path.slice(0, end));
      if (real !== undefined) return real + path.slice(end);
    }
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  return isSensitivePath(`${path}/`);
}

/** Where a link leads, absolute: a symbolic one is relative to where it lies. */
export function linkTarget(event: Extract<ActEvent, { kind: 'link' }>): string {
  const { path, target, symbolic } = event;
  if (!symbolic || target.startsWith('/')) return target;
  const parts = path.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.filter((part) => part !== '').join('/')}`;
}
