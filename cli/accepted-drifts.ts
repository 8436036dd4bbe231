import type { Behaviour } from '../fingerprint/behaviour.ts';
import { acceptable, observedBehaviour } from '../fingerprint/drift-grants.ts';
import { explainBehaviour } from '../fingerprint/explain.ts';
import type { Drift } from '../fingerprint/incident.ts';
import { printable } from '../fingerprint/printable.ts';
import { CliError, exitCodes } from './exit.ts';

export interface Choice {
  /** Keys, or beginnings of keys, or subjects; empty: whatever may be granted without being named. */
  readonly only: readonly string[];
  readonly until?: string;
}

export interface Chosen {
  readonly granted: readonly Behaviour[];
  /** Why something was left out, in sentences. */
  readonly leftOut: readonly string[];
}

/** Shorter ones would name too much by accident. */
const leastKey = 6;

/**
 * Which of the drifts a person grants.
 * @throws CliError for a name that names nothing, and for what cannot be granted as it was asked for
 */
export function chosenDrifts(drifts: readonly Drift[], { only, until }: Choice): Chosen {
  const nobody = only.find((name) => !drifts.some((d) => isNamed(d, name)));
  if (nobody !== undefined)
    throw new CliError(exitCodes.usage, `no drift has the key or subject ${printable(nobody, 200)}`);
  const granted: Behaviour[] = [];
  const leftOut: string[] = [];
  for (const drift of drifts) {
    const named = only.some((name) => isNamed(drift, name));
    if (only.length > 0 && !named) continue;
    const { behaviour, problem } = judged(drift, named, until);
    if (behaviour === undefined) leftOut.push(problem);
    else granted.push(behaviour);
  }
  return { granted, leftOut };
}

function isNamed({ key, subject }: Drift, name: string): boolean {
  return subject === name || (name.length >= leastKey && key.startsWith(name));
}

type Judged =
  | { readonly behaviour: Behaviour; readonly problem?: undefined }
  | { readonly behaviour?: undefined; readonly problem: string };

function judged(drift: Drift, named: boolean, until: string | undefined): Judged {
  const behaviour = observedBehaviour(drift);
  if (behaviour === undefined)
    return {
      problem: `${drift.kind} of ${printable(drift.lineage.at(-1) ?? '', 200)} was too long to be kept whole: accept it from recorded events (--from)`,
    };
  const told = explainBehaviour(behaviour);
  switch (acceptable(behaviour)) {
    case 'freely':
      return { behaviour };
    case 'never':
      return { problem: `${told}: is named like a pattern and would grant what that grants` };
    case 'by-name': {
      const key = drift.key.slice(0, 12);
      if (until !== undefined && named)
        throw new CliError(
          exitCodes.usage,
          `${told}: is never learnable and cannot be accepted until a date`,
          `grant it by name and without --until, as a standing decision: --only ${key}`,
        );
      if (named) return { behaviour };
      return { problem: `${told}: is never learnable; grant it by name and without --until: --only ${key}` };
    }
  }
}
