import type { Actor } from '../../fingerprint/behaviour.ts';
import type { FingerprintIndex, IndexedProgram } from '../../fingerprint/index-behaviour.ts';
import type { AttributedAct } from './attributed.ts';

/**
 * Where a program that was found running belongs in the fingerprint. What ran before it in its process (an entrypoint
 * script that executed it) cannot be seen any more; the fingerprint says what may stand there. Without this every
 * service behind such a script would go unjudged after each restart of the agent.
 */
export class Placement {
  readonly #places = new Map<Actor, Actor>();

  /** The actor as the fingerprint knows it, or as it is when that does not know such a program under this root. */
  of(act: AttributedAct, index: FingerprintIndex): Actor {
    const known = this.#places.get(act.actor);
    if (known !== undefined) return known;
    const placed = place(act, index);
    this.#places.set(act.actor, placed);
    return placed;
  }

  clear(): void {
    this.#places.clear();
  }
}

function place({ actor, assumed, event }: AttributedAct, index: FingerprintIndex): Actor {
  const { root, lineage } = actor;
  const exe = lineage[assumed - 1];
  if (exe === undefined) return actor;
  const parent = lineage[assumed - 2] ?? '';
  const nodes = (index.programs.get(exe) ?? []).filter((node) => node.root === root);
  // Its place as it was found is one the fingerprint knows: nothing to conclude.
  if (
    nodes.some(
      (node) => node.parent === parent && (parent === '' || node.starters.has(lineage[assumed - 3] ?? '')),
    )
  )
    return actor;
  const args = event.kind === 'exec' && assumed === lineage.length ? event.args.join('\0') : undefined;
  const node = nodes.find((n) => n.program.args.some((known) => known.join('\0') === args)) ?? nodes[0];
  return node === undefined ? actor : { root, lineage: [...above(node), exe, ...lineage.slice(assumed)] };
}

function above(node: IndexedProgram): readonly string[] {
  if (node.parent === '') return [];
  const starter = [...node.starters].find((s) => s !== '');
  // From outside where it may be: the shorter story is the likelier one.
  return starter === undefined || node.starters.has('') ? [node.parent] : [starter, node.parent];
}

/**
 * Whether a place in the lineage that the fingerprint does not know is only our ignorance of what ran before the agent:
 * of a found program itself, or of who started the known starter of a new one.
 */
export function isGuess({ actor, assumed }: AttributedAct, index: FingerprintIndex): boolean {
  const { root, lineage } = actor;
  const seen = lineage.length - assumed;
  if (assumed === 0 || seen > 1) return false;
  if (seen === 0) return true;
  const nodes = index.programs.get(lineage.at(-1) ?? '') ?? [];
  return nodes.some((node) => node.root === root && node.parent === lineage.at(-2));
}
