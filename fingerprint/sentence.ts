import type { Behaviour } from './behaviour.ts';
import type { Origin } from './event.ts';
import type { Approval } from './incident.ts';
import { execName, originNote, predicate, quoted } from './phrase.ts';
import { printable } from './printable.ts';
import { baseName } from './program.ts';
import { isSensitivePath } from './sensitive.ts';
import { actOf } from './severity.ts';
import type { DriftReason } from './verdict.ts';
import type { Workload } from './workload.ts';

/** What the sentence needs to know of one drift. */
export interface Told {
  readonly behaviour: Behaviour;
  readonly because: DriftReason;
  readonly origin?: Origin;
  readonly nearest?: string;
  readonly found?: true;
  /** Who entered from outside, where known. */
  readonly caller?: string;
}

/** How many things beside the opening one sentence can hold and still be read at once. */
const followers = 2;

/**
 * One incident in one sentence: who, of what, did what first, what came of it, what was approved instead. Deterministic
 * and safe for a terminal.
 *
 * @param opening the drift that began it: the start of the foreign program, or else the gravest.
 * @param others the rest, gravest first.
 */
export function incidentSentence(
  workload: Workload,
  opening: Told,
  others: readonly Told[],
  approval?: Approval,
): string {
  const telling = others.filter(isTelling).sort((a, b) => weightOf(a) - weightOf(b));
  const shown = telling.slice(0, followers);
  const own = shown.filter((t) => descends(t.behaviour, opening.behaviour)).map(predicateOf);
  const apart = shown.filter((t) => !descends(t.behaviour, opening.behaviour)).map(apartClause);
  const link = opening.behaviour.kind === 'exec' ? ', which ' : ' and ';
  return [
    openingClause(workloadName(workload), opening),
    own.length === 0 ? '' : `${link}${own.join(' and ')}`,
    apart.length === 0 ? '' : `; ${apart.join(' and ')}`,
    approvalClause(opening, approval),
  ].join('');
}

/**
 * Every program maps its libraries and reads its configuration: true, kept as evidence, and silent about what it came for.
 * The library beside a secret is told, the library alone is not.
 */
function isTelling(t: Told): boolean {
  const b = t.behaviour;
  const origin = t.origin ?? ('origin' in b ? b.origin : undefined);
  if (b.kind === 'load') return origin !== undefined && origin !== 'image';
  return b.kind !== 'open' || b.access !== 'read' || isSensitivePath(b.path);
}

/** What an intruder came for before what every intruder does: a name asked for and a tool started tell little. */
function weightOf(t: Told): number {
  const origin = t.origin ?? ('origin' in t.behaviour ? t.behaviour.origin : undefined);
  switch (actOf(t.behaviour)) {
    case 'privilege':
      return 0;
    case 'load':
      return originNote(origin) === '' ? 4 : 0;
    case 'exec':
      return originNote(origin) === '' ? 3 : 0;
    case 'sensitive':
      return 1;
    case 'egress':
      return 2;
    default:
      return 4;
  }
}

/** `shop/cart` on Kubernetes, the owner as it is elsewhere; a container that is not called like its owner is named. */
export function workloadName(w: Workload): string {
  if (w.namespace === '') return printable(w.owner, 100);
  const owner = w.owner.slice(w.owner.indexOf('/') + 1);
  const usual = ['', 'main', owner].includes(w.container);
  const container = usual ? '' : ` (${printable(w.container, 40)})`;
  return `${printable(`${w.namespace}/${owner}`, 100)}${container}`;
}

function predicateOf(t: Told): string {
  return predicate(t.behaviour, t.origin);
}

function actorName(b: Behaviour): string {
  return quoted(baseName(b.lineage.at(b.kind === 'exec' ? -2 : -1) ?? ''));
}

/** Something beside the opening: who, what. */
function apartClause(t: Told): string {
  const b = t.behaviour;
  if (b.kind !== 'exec' || b.lineage.length > 1) return `${actorName(b)} ${predicateOf(t)}`;
  return b.root === 'interactive'
    ? `${entrant(t)} who entered ${predicateOf(t)}`
    : `${execName(b)} was started`;
}

/** Whether an act was done by the opening's program or below it. */
function descends(b: Behaviour, opening: Behaviour): boolean {
  return b.root === opening.root && opening.lineage.every((exe, i) => b.lineage[i] === exe);
}

function openingClause(of: string, t: Told): string {
  const b = t.behaviour;
  if (b.kind !== 'exec') return `${actorName(b)} of ${of} ${predicateOf(t)}`;
  const exe = execName(b);
  const note = originNote(t.origin ?? b.origin);
  if (t.found === true) return `${exe}${note} was found running in ${of}`;
  const itself = quoted(baseName(b.lineage.at(-1) ?? ''));
  switch (t.because) {
    case 'new-arguments':
      return `${itself} of ${of} was started with new arguments: ${quoted(b.args.join(' '))}`;
    case 'new-environment':
      return `${itself} of ${of} was started with ${printable((b.env ?? []).join(', '), 80)} set`;
    case 'foreign-origin':
      return `${itself} of ${of} was replaced: it now runs from another file${note}`;
    default:
      return startClause(of, t, `${exe}${note}`);
  }
}

function startClause(of: string, t: Told, started: string): string {
  const { root, lineage } = t.behaviour;
  const parent = lineage.at(-2);
  const who = parent === undefined ? '' : quoted(baseName(parent));
  if (root === 'interactive') {
    const entered = `${entrant(t)} who entered`;
    const starter = who === '' ? entered : `${who}, run by ${entered}`;
    return `${starter} ${of}${who === '' ? '' : ','} started ${started}`;
  }
  if (who !== '') return `${who} of ${of} started ${started}`;
  return root === 'probe' ? `a probe of ${of} started ${started}` : `${of} was started with ${started}`;
}

/** A name is what the source or the kernel's login mark says: whoever has root on the node can forge it. */
function entrant({ caller }: Told): string {
  return caller === undefined ? 'somebody' : `somebody (${printable(caller, 60)})`;
}

function approvalClause(t: Told, approval: Approval | undefined): string {
  // What was carried over from another digest says nothing about what this one does.
  if (approval === undefined || approval.carried === true)
    return t.nearest === undefined ? '' : `; known is ${quoted(t.nearest)}`;
  // Versions count from 1: what is only tried out (`backtest`) has none.
  const what = approval.version === 0 ? 'the baseline' : `version ${approval.version}`;
  const by = `${what}, approved by ${printable(approval.approvedBy ?? approval.signedBy, 60)}`;
  return t.nearest === undefined ? `; ${by}, does not know this` : `; ${by}, knows ${quoted(t.nearest)}`;
}
