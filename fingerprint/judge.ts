import type { Behaviour, BehaviourOf } from './behaviour.ts';
import { lineKey } from './command-line.ts';
import { covers } from './coverage.ts';
import type { FileAct } from './fingerprint.ts';
import { argsKey, entryKey } from './identity.ts';
import { imageClassCovering } from './image-class.ts';
import { type FingerprintIndex, type IndexedProgram, isEgress } from './index-behaviour.ts';
import {
  nearestArgs,
  nearestLineage,
  nearestListeners,
  nearestOrigins,
  nearestPath,
  nearestPeers,
} from './nearest.ts';
import { isFree, neverLearnable, touchesSensitive } from './sensitive.ts';
import type { DriftReason, Verdict } from './verdict.ts';

const expected: Verdict = { kind: 'expected' };
const sourceCannotSee: Verdict = { kind: 'unjudged', reason: 'source-cannot-see' };

/**
 * Judges one generalised behaviour. Never throws. The cost does not depend on the size of the fingerprint; only drift
 * pays for the search of what is nearest. The rules, in order, are in docs/format.md (verdict).
 */
export function judge(b: Behaviour, index: FingerprintIndex): Verdict {
  if (!covers(index.coverage, b)) return sourceCannotSee;
  const { lineage, root } = b;
  const n = lineage.length;
  const nodes = index.programs.get(lineage[n - 1] ?? '');
  if (nodes === undefined) return drift(b, 'new-program');
  const parent = lineage[n - 2] ?? '';
  const node = nodes.find((p) => p.parent === parent && p.root === root);
  // A start from outside is a context of its own; below it the starter's starter must have been seen too.
  const known = node !== undefined && (n < 2 ? true : node.starters.has(lineage[n - 3] ?? ''));
  if (!known) return drift(b, 'new-lineage', nearestLineage(nodes));
  return judgeAct(b, node);
}

function judgeAct(b: Behaviour, node: IndexedProgram): Verdict {
  switch (b.kind) {
    case 'exec':
      return judgeExec(b, node);
    case 'load':
      return judgeLoad(b, node);
    case 'open':
    case 'link':
    case 'delete':
    case 'rename':
      return judgeFile(b, node);
    case 'connect':
    case 'listen':
    case 'resolve':
      return judgeNetwork(b, node);
    case 'privilege':
      if (node.entries.has(entryKey(b)) || isFree(b)) return expected;
      return drift(b, neverLearnable(b) ? 'never-learnable' : 'new-privilege');
  }
}

function judgeExec(b: BehaviourOf<'exec'>, node: IndexedProgram): Verdict {
  const takenBack = b.origin !== undefined && node.removed?.origins.has(b.origin) === true;
  if (takenBack) return drift(b, 'foreign-origin', nearestOrigins(node.origins));
  const knownOrigin = b.origin === undefined || node.origins.has(b.origin);
  // A program learned by a source that cannot tell origins has none to compare with.
  if (!knownOrigin && node.origins.size > 0) return drift(b, 'foreign-origin', nearestOrigins(node.origins));
  const key = argsKey(b.args);
  const knownArgs = node.args.has(key);
  if (neverLearnable(b) && !(knownOrigin && knownArgs)) return drift(b, 'never-learnable');
  if (!knownArgs && !isKnownLine(b.args, key, node))
    return drift(b, 'new-arguments', nearestArgs(b.args, node.program));
  if (b.env?.some((name) => !node.env.has(name)) === true) return drift(b, 'new-environment');
  return expected;
}

/** The same command line, told argument by argument by one source and as words by another. */
function isKnownLine(
  args: readonly string[],
  key: string,
  { lines, args: known, removed }: IndexedProgram,
): boolean {
  if (removed?.args.has(key) === true) return false;
  if (lines.has(key)) return true;
  const line = lineKey(args);
  return line !== undefined && known.has(line);
}

function judgeLoad(b: BehaviourOf<'load'>, node: IndexedProgram): Verdict {
  if (isFree(b)) return expected;
  const seen = node.files.loads(b.path);
  if (seen === undefined) return drift(b, neverLearnable(b) ? 'never-learnable' : 'new-file');
  if (b.origin === undefined || seen.includes(b.origin)) return expected;
  if (node.removed?.files.loads(b.path)?.includes(b.origin) === true) return drift(b, 'foreign-origin');
  const origins = new Set(seen.filter((o) => o !== undefined));
  if (origins.size > 0) return drift(b, 'foreign-origin', nearestOrigins(origins));
  return neverLearnable(b) ? drift(b, 'never-learnable') : expected;
}

function judgeFile(b: BehaviourOf<'open' | 'link' | 'delete' | 'rename'>, node: IndexedProgram): Verdict {
  if (knowsFile(b, node) || isFree(b)) return expected;
  if (touchesSensitive(b)) return drift(b, 'sensitive-file');
  if (node.files.knows(b.path)) return drift(b, 'new-access', nearestPath(b.path, node.program));
  return drift(b, 'new-file');
}

function knowsFile(
  b: BehaviourOf<'open' | 'link' | 'delete' | 'rename'>,
  { files, removed }: IndexedProgram,
): boolean {
  const { act, to } = fileActOf(b);
  // What a person took back is not let in again by a pattern.
  if (removed?.files.accepts(act, b.path, to) === true) return false;
  if (files.accepts(act, b.path, to)) return true;
  if (b.kind !== 'open') return false;
  const imageClass = imageClassCovering(b);
  return imageClass !== undefined && files.hasClass(b.access, imageClass);
}

function fileActOf(b: BehaviourOf<'open' | 'link' | 'delete' | 'rename'>): { act: FileAct; to?: string } {
  switch (b.kind) {
    case 'open':
      return { act: b.access };
    case 'delete':
      return { act: 'delete' };
    case 'link':
      return { act: 'link', to: b.target };
    case 'rename':
      return { act: 'rename', to: b.to };
  }
}

function judgeNetwork(b: BehaviourOf<'connect' | 'listen' | 'resolve'>, node: IndexedProgram): Verdict {
  const key = entryKey(b);
  // A public name that answers an address inside points a trusted name at somebody else (DNS rebinding).
  if (b.kind !== 'listen' && b.inward === true && !node.inward.has(key))
    return drift(b, 'rebinding', b.kind === 'connect' ? nearestPeers(b, node.program) : undefined);
  if (node.entries.has(key)) return expected;
  // The socket of a container runtime: whoever may talk to it is root on the node.
  if (touchesSensitive(b)) return drift(b, 'sensitive-file');
  switch (b.kind) {
    case 'connect': {
      const first = isEgress(b.transport, b.peer) && !node.egress;
      return drift(b, first ? 'first-egress' : 'new-peer', nearestPeers(b, node.program));
    }
    case 'listen':
      return drift(b, 'new-listener', nearestListeners(node.program));
    case 'resolve':
      return drift(b, 'new-name');
  }
}

function drift(b: Behaviour, because: DriftReason, nearest?: string): Verdict {
  return { kind: 'drift', of: b.kind, because, ...(nearest === undefined ? {} : { nearest }) };
}
