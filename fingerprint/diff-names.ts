import type { Root } from './behaviour.ts';
import { quoted } from './phrase.ts';
import { baseName, type ProgramIdentity, programKey } from './program.ts';

/**
 * How programs are called in sentences: by their last name, and by as much more as it takes to tell those apart that
 * stand in the same documents. Ids are never used: they count, so another program changes them.
 */
export function namesOf(programs: readonly ProgramIdentity[]): (p: ProgramIdentity) => string {
  const known = [...new Map(programs.map((p) => [programKey(p), p])).values()];
  return (p) => {
    const alike = known.filter((q) => baseName(q.exe) === baseName(p.exe));
    const sameFile = alike.filter((q) => q.exe === p.exe);
    const name = quoted(alike.length > sameFile.length ? p.exe : baseName(p.exe));
    return sameFile.length < 2 ? name : `${name}${contextOf(p)}`;
  };
}

function contextOf(p: ProgramIdentity): string {
  const below = p.parent === '' ? '' : ` below ${quoted(baseName(p.parent))}`;
  return p.root === 'entrypoint' && below === '' ? ' as the entrypoint' : `${below}${rootWords(p.root)}`;
}

/** How it came in, after its name; of the entrypoint, or what that became, nothing need be said. */
export function rootWords(root: Root): string {
  switch (root) {
    case 'entrypoint':
      return '';
    case 'probe':
      return ' of a probe';
    case 'interactive':
      return ' of a person who entered';
    case 'found':
      return ', found running,';
  }
}

/** Who starts it, for "started by". */
export function starterName(p: ProgramIdentity): string {
  if (p.parent !== '') return quoted(baseName(p.parent));
  switch (p.root) {
    case 'entrypoint':
      return 'the entrypoint';
    case 'probe':
      return 'a probe';
    case 'interactive':
      return 'a person who entered';
    case 'found':
      return 'somebody unseen';
  }
}
