import type { BehaviourOf } from './behaviour.ts';
import type { Program } from './fingerprint.ts';
import type { IndexedProgram } from './index-behaviour.ts';
import { baseName } from './program.ts';

/**
 * The nearest thing that was approved, in words, for the sentence. Searched only on drift, and only among so many: a
 * drifting process may drift thousands of times a second, and the first few already tell a person what is usual.
 */
const searched = 64;
const named = 3;

export function nearestLineage(nodes: readonly IndexedProgram[]): string | undefined {
  const [first] = nodes;
  if (first === undefined) return undefined;
  const { exe } = first.program;
  const from = nodes.slice(0, named).map((n) => (n.parent === '' ? `the ${n.root}` : baseName(n.parent)));
  return `${baseName(exe)} started by ${from.join(', ')}`;
}

export function nearestOrigins(origins: ReadonlySet<string>): string {
  return [...origins].join(', ');
}

/** The known vector that shares most arguments, place by place. */
export function nearestArgs(args: readonly string[], p: Program): string | undefined {
  let best: readonly string[] | undefined;
  let bestScore = -1;
  for (const known of p.args.slice(0, searched)) {
    const equal = known.reduce((n, arg, i) => n + (args[i] === arg ? 1 : 0), 0);
    const score = equal - Math.abs(known.length - args.length) / 2;
    if (score > bestScore) [best, bestScore] = [known, score];
  }
  return best?.join(' ');
}

export function nearestPath(path: string, p: Program): string | undefined {
  const acts = p.files.filter((f) => f.path === path).flatMap((f) => f.access);
  return acts.length === 0 ? undefined : `${[...new Set(acts)].join(', ')} of ${path}`;
}

/** Peers on the same port first: the usual attack changes the place, not the protocol. */
export function nearestPeers(b: BehaviourOf<'connect'>, p: Program): string | undefined {
  const peers = p.network.slice(0, searched).filter((n) => n.do === 'connect');
  const near = [...peers.filter((n) => n.port === b.port), ...peers.filter((n) => n.port !== b.port)];
  return list(near.slice(0, named).map((n) => (n.transport === 'unix' ? n.peer : `${n.peer}:${n.port}`)));
}

export function nearestListeners(p: Program): string | undefined {
  const own = p.network.filter((n) => n.do === 'listen');
  return list(own.slice(0, named).map((n) => `${n.transport}:${n.port}`));
}

function list(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(', ');
}
