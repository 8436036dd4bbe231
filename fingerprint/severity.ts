import type { Behaviour } from './behaviour.ts';
import type { BehaviourKind } from './event.ts';
import { type Severity, severities } from './incident.ts';
import { isEgress } from './index-behaviour.ts';
import { isSensitivePath, neverLearnable, pathsOf, touchesSensitive } from './sensitive.ts';
import type { DriftReason } from './verdict.ts';

/** DESIGN §2.6 as data. `by-act`: the program is foreign altogether, so what it does decides. */
const byReason: Readonly<Record<DriftReason, Severity | 'by-act'>> = {
  'never-learnable': 'critical',
  'new-program': 'by-act',
  'new-lineage': 'by-act',
  'foreign-origin': 'high',
  'new-environment': 'high',
  'sensitive-file': 'high',
  'first-egress': 'high',
  rebinding: 'high',
  'new-privilege': 'high',
  'new-arguments': 'medium',
  'new-peer': 'medium',
  'new-listener': 'medium',
  'new-name': 'medium',
  'new-file': 'low',
  'new-access': 'low',
};

/** How grave each act of a program is that is not in the fingerprint. */
const byAct: Readonly<Record<BehaviourKind, Severity>> = {
  exec: 'high',
  privilege: 'high',
  connect: 'high',
  load: 'medium',
  listen: 'medium',
  resolve: 'medium',
  open: 'low',
  link: 'low',
  delete: 'low',
  rename: 'low',
};

/**
 * How grave one drift is. What can never be learned is critical whatever the reason; a provisional fingerprint, which
 * no person approved, makes everything one step lower.
 */
export function severityOf(b: Behaviour, because: DriftReason, provisional: boolean): Severity {
  const grave = neverLearnable(b) ? 'critical' : ungraded(b, because);
  return provisional ? (severities[severities.indexOf(grave) - 1] ?? 'low') : grave;
}

function ungraded(b: Behaviour, because: DriftReason): Severity {
  const reason = byReason[because];
  if (reason !== 'by-act') return reason;
  if (touchesSensitive(b)) return 'high';
  return b.kind === 'connect' && !isEgress(b.transport, b.peer) ? 'medium' : byAct[b.kind];
}

/**
 * What an act is when acts are put in order. `sensitive`: a file that somebody came for; `egress`: a peer beyond this copy
 * that is no resolver.
 */
type Act = BehaviourKind | 'sensitive' | 'egress';

/**
 * Among equally grave drifts, what an analyst wants to see first: what somebody came for before how they did it. A shell
 * that reads a secret is there for the secret.
 */
const actOrder: readonly Act[] = [
  'privilege',
  'sensitive',
  'egress',
  'exec',
  'connect',
  // A load that matters (foreign origin) is graver anyway; the rest is what every program maps.
  'load',
  'listen',
  'resolve',
  'link',
  'open',
  'rename',
  'delete',
];

/** Whoever connects to a name asks a resolver first: of the two, the name's is the one to tell. */
const domainPort = 53;

/** Sensitive for whoever writes them; every shell reads its start files, and `ps` the environment of all processes. */
const readByTools =
  /^\/proc\/|^\/etc\/(?:ld\.so\.|profile|bash\.bashrc|environment$)|\/\.(?:bashrc|bash_profile|profile|zshrc)$/;
/** A shell keeps it by itself; who deletes it has something to hide. */
const keptByShells = /\/\.(?:bash|zsh)_history$/;

export function actOf(b: Behaviour): Act {
  if (pathsOf(b).some((path) => isSensitivePath(path) && !isRoutine(b, path))) return 'sensitive';
  return b.kind === 'connect' && isEgress(b.transport, b.peer) && b.port !== domainPort ? 'egress' : b.kind;
}

function isRoutine(b: Behaviour, path: string): boolean {
  if (b.kind !== 'open') return false;
  return keptByShells.test(path) || ((b.access === 'read' || b.access === 'map') && readByTools.test(path));
}

interface Graded {
  readonly severity: Severity;
  readonly act: Act;
  readonly first: number;
  readonly key: string;
}

/** Order of evidence: gravest first, then act, then time; the key last, so that the order never depends on chance. */
export function compareGravity(a: Graded, b: Graded): number {
  return (
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    actOrder.indexOf(a.act) - actOrder.indexOf(b.act) ||
    a.first - b.first ||
    (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  );
}

export function maxSeverity(given: Iterable<Severity>): Severity {
  let max = 0;
  for (const s of given) max = Math.max(max, severities.indexOf(s));
  return severities[max] ?? 'low';
}
