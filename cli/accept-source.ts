import { inForceOf } from '../agent/in-force.ts';
import type { Effective } from '../fingerprint/effective.ts';
import { effectiveBehaviour } from '../fingerprint/effective-behaviour.ts';
import type { BehaviourSet } from '../fingerprint/fingerprint.ts';
import type { Drift, Incident } from '../fingerprint/incident.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { observe } from './observe.ts';
import { directoryOf, parseSource, type Recording, readRecording } from './recording.ts';

/** What drifted, and whose copies did it. */
export interface Seen {
  readonly drifts: readonly Drift[];
  readonly workload: Workload;
  /** Drifts that have no row of their own, and so cannot be granted from here. */
  readonly more: number;
  /** Of the collector, as it was looked at; absent of recorded events. */
  readonly incident?: { readonly id: string; readonly version: number };
}

/** The effective fingerprint with these grants besides. */
export function withGrants(effective: Effective, add: BehaviourSet): Effective {
  const { behaviour } = effectiveBehaviour(effective.fingerprint, [{ add }], []);
  return { ...effective, fingerprint: { ...effective.fingerprint, behaviour } };
}

/** Judges recorded events as `whorl judge` does. */
export async function readSeen(
  io: Io,
  files: readonly string[],
  source: string,
  base: VerifiedFingerprint,
): Promise<(effective: Effective) => Seen | undefined> {
  const { subject, scope } = base.fingerprint;
  const recording = await readRecording(io, files, {
    source: parseSource(source),
    digest: subject.digest,
    ...(scope === undefined ? {} : { scope }),
  });
  return (effective) => seenIn(recording, base, effective);
}

function seenIn(recording: Recording, base: VerifiedFingerprint, effective: Effective): Seen | undefined {
  const inForce = inForceOf(base, effective);
  const { subject } = base.fingerprint;
  const coverage = [...inForce.index.coverage];
  const { incidents } = observe(recording.events(), {
    subject,
    coverage,
    inForce,
    ...directoryOf(recording),
  });
  const [first] = incidents;
  return first === undefined ? undefined : seenOf(first.workload, incidents);
}

/** @throws CliError where the copies of several owners drifted: what one does is not granted to another */
function seenOf(workload: Workload, incidents: readonly Incident[]): Seen {
  const place = ({ namespace, owner, container, role }: Workload): string =>
    [namespace, owner, container, role].join('/');
  const others = new Set(incidents.map((i) => place(i.workload)));
  if (others.size > 1)
    throw new CliError(
      exitCodes.usage,
      `copies of ${others.size} workloads drifted: ${[...others].slice(0, 4).join(', ')}`,
      'give events of one workload at a time',
    );
  const drifts = new Map(incidents.flatMap((i) => i.drifts).map((d) => [d.key, d]));
  return { drifts: [...drifts.values()], workload, more: incidents.reduce((n, i) => n + i.more, 0) };
}
