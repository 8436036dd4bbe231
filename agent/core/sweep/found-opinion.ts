import type { Behaviour, BehaviourOf } from '../../../fingerprint/behaviour.ts';
import type { FingerprintIndex, IndexedProgram } from '../../../fingerprint/index-behaviour.ts';
import { judge } from '../../../fingerprint/judge.ts';
import { neverLearnable } from '../../../fingerprint/sensitive.ts';
import type { UnjudgedReason, Verdict } from '../../../fingerprint/verdict.ts';
import type { AttributedAct } from '../attributed.ts';
import type { InForce } from '../watched.ts';
import { namespacesIn } from './moved.ts';

const expected: Verdict = { kind: 'expected' };
/** From here on ports are drawn by the kernel, not chosen (docs/format.md). */
const firstDrawnPort = 32_768;

/** What a verdict on something found has to be told besides the act. */
export interface FoundContext {
  /** What judges the copy in this part of its life; undefined: it is learned. */
  readonly inForce: InForce | undefined;
  /** Events of this copy were lost. */
  readonly lost: boolean;
}

/**
 * What is found was done by the program that runs now, or by one that ran before it in this process or above it: sockets,
 * namespaces and roots are inherited, and when it was done nobody saw. So it is held against a program only when none of
 * its lineage may do it, and a peer only when no name could have made it a known one.
 *
 * @param verdict as if the act had been seen
 */
export function foundOpinion(
  act: AttributedAct,
  behaviour: Behaviour,
  verdict: Verdict,
  { inForce, lost }: FoundContext,
): Verdict {
  switch (behaviour.kind) {
    case 'exec':
      return verdict.kind === 'drift' && verdict.because === 'new-arguments' && isTitle(behaviour)
        ? unjudged('started-before-agent')
        : verdict;
    case 'connect':
    case 'listen':
    case 'privilege':
      break;
    default:
      return verdict;
  }
  if (inForce !== undefined && verdict.kind === 'drift' && isExcused(behaviour, inForce)) return expected;
  return behaviour.kind === 'connect' && verdict.kind !== 'expected' && isDoubtful(behaviour, inForce?.index)
    ? unjudged(act.assumed > 0 || !lost ? 'started-before-agent' : 'events-lost')
    : verdict;
}

function unjudged(reason: UnjudgedReason): Verdict {
  return { kind: 'unjudged', reason };
}

/** `nginx: master process …`: what a program writes over its arguments is one text that begins with its own name. */
function isTitle({ args, lineage }: BehaviourOf<'exec'>): boolean {
  const [title = '', ...rest] = args;
  const name = lineage.at(-1)?.split('/').at(-1) ?? '';
  return rest.every((arg) => arg === '') && (title.startsWith(`${name}: `) || title.startsWith(`-${name}`));
}

/** What is never normal is excused by a person's word alone, as where it was seen (opinion.ts). */
function isExcused(
  b: BehaviourOf<'connect' | 'listen' | 'privilege'>,
  { approval, index }: InForce,
): boolean {
  return !(approval.provisional === true && neverLearnable(b)) && isInherited(b, index);
}

function isInherited(b: BehaviourOf<'connect' | 'listen' | 'privilege'>, index: FingerprintIndex): boolean {
  for (let length = b.lineage.length; length > 0; length -= 1) {
    const earlier = { ...b, lineage: b.lineage.slice(0, length) };
    if (judge(earlier, index).kind === 'expected') return true;
    if (b.kind === 'privilege' && programsOf(earlier, index).some((p) => mayLeave(p, b.detail ?? '')))
      return true;
  }
  return false;
}

/** A sweep sees one namespace that differs; the call may have named several, and joined or made them. */
function mayLeave({ program }: IndexedProgram, namespace: string): boolean {
  return program.privileges.some(({ privilege, detail = '' }) => {
    if (privilege !== 'unshare' && privilege !== 'setns') return false;
    const named = namespacesIn(detail);
    return named.includes(namespace) || named.includes('any');
  });
}

/**
 * A peer without a name, whose name may have been answered unseen: the program knows names at this port, or nothing is
 * known of it at all. Or a connection that may have been let in: its far end has a drawn port, and the program listens on
 * such ports itself.
 */
function isDoubtful(b: BehaviourOf<'connect'>, index: FingerprintIndex | undefined): boolean {
  if (b.transport === 'unix') return false;
  const isDrawn = b.port >= firstDrawnPort || b.port < 0;
  if (index === undefined) return b.unnamed === true || isDrawn;
  const network = programsOf(b, index).flatMap(({ program }) => program.network);
  if (
    b.unnamed === true &&
    network.some((n) => n.do === 'connect' && n.transport === b.transport && n.port === b.port)
  )
    return true;
  return isDrawn && network.some((n) => n.do === 'listen' && n.transport === b.transport && n.port < 0);
}

function programsOf({ lineage, root }: Behaviour, index: FingerprintIndex): readonly IndexedProgram[] {
  const parent = lineage.at(-2) ?? '';
  return (index.programs.get(lineage.at(-1) ?? '') ?? []).filter(
    (node) => node.root === root && node.parent === parent,
  );
}
