import type { Behaviour } from './behaviour.ts';
import { type ProcessRef, privileges } from './event.ts';
import type { Approval, Drift, Incident } from './incident.ts';
import { neverLearnable } from './sensitive.ts';
import { highestMode, type Mode } from './verdict.ts';

/** Whether no amount of watching makes it normal, told from a drift alone: agent and collector must agree on it. */
export function isNeverLearnable(drift: Drift): boolean {
  if (drift.because === 'never-learnable') return true;
  const behaviour = behaviourOf(drift);
  return behaviour !== undefined && neverLearnable(behaviour);
}

/** How far an approval lets a reaction to this drift go. */
export function approvedMode({ maxMode, neverLearnableMode }: Approval, drift: Drift): Mode {
  return neverLearnableMode !== undefined && isNeverLearnable(drift)
    ? highestMode(maxMode, neverLearnableMode)
    : maxMode;
}

/**
 * How far a reaction to one process of an incident may go. Where only the never-learnable was carried over, a program that
 * is merely new is not stopped for what happened beside it or below it.
 */
export function approvedAgainst(process: ProcessRef, drifts: Incident['drifts'], approval: Approval): Mode {
  const own = drifts.filter((d) => d.process.pid === process.pid && d.process.start === process.start);
  // A drift names the process that did it first: one that does it again has none of its own.
  const about = own.length > 0 ? own : drifts;
  return highestMode(approval.maxMode, ...about.map((d) => approvedMode(approval, d)));
}

/** As much of what drifted as the table of what is never learnable asks for; undefined for kinds it has no row of. */
function behaviourOf({ root, lineage, kind, subject, origin }: Drift): Behaviour | undefined {
  const actor = { root, lineage };
  const from = origin === undefined ? {} : { origin };
  switch (kind) {
    case 'exec':
      return { ...actor, kind, args: [], ...from };
    case 'load':
      return { ...actor, kind, path: subject, ...from };
    case 'privilege': {
      const privilege = privileges.find((p) => p === subject.split(' ', 1)[0]);
      return privilege === undefined ? undefined : { ...actor, kind, privilege };
    }
    default:
      return undefined;
  }
}
