import type { Behaviour } from './behaviour.ts';
import { predicate, quoted } from './phrase.ts';
import { printable } from './printable.ts';
import { baseName } from './program.ts';

/** One behaviour as a sentence: who, below whom, did what. */
export function explainBehaviour(b: Behaviour): string {
  // Who starts a program is the one above it; everything else is done by the program itself.
  const chain = b.kind === 'exec' ? b.lineage.slice(0, -1) : b.lineage;
  const who = chain.at(-1);
  const above = chain.slice(0, -1).map(baseName);
  const below = above.length === 0 ? '' : `, below ${printable(above.join(' → '), 200)},`;
  const subject = who === undefined ? `the ${rootName(b.root)}` : `${quoted(who)}${below}`;
  return `${subject} ${predicate(b)}`;
}

function rootName(root: Behaviour['root']): string {
  switch (root) {
    case 'entrypoint':
      return 'entrypoint';
    case 'probe':
      return 'probe';
    case 'interactive':
      return 'person who entered';
    case 'found':
      return 'state found by the agent';
  }
}
