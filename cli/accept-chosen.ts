import type { Behaviour } from '../fingerprint/behaviour.ts';
import { grantsFor } from '../fingerprint/drift-grants.ts';
import type { Effective } from '../fingerprint/effective.ts';
import { printable } from '../fingerprint/printable.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import { readSeen, type Seen, withGrants } from './accept-source.ts';
import { type Choice, type Chosen, chosenDrifts } from './accepted-drifts.ts';
import type { WhereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { incidentDrifts, theCollector } from './incident-source.ts';
import type { Io } from './io.ts';

/** Under a program that is not granted nothing further is judged, so what it does shows one round later. */
const maxRounds = 16;

export interface AcceptFrom extends Choice, WhereOptions {
  readonly from: readonly string[];
  readonly source: string;
  readonly incident?: string;
}

interface FromWhere {
  readonly chosen: Chosen;
  readonly seen: Seen;
}

/** What a person grants, and where it was observed. @throws CliError */
export async function chosenOf(
  io: Io,
  base: VerifiedFingerprint,
  effective: Effective,
  options: AcceptFrom,
): Promise<FromWhere> {
  const { from, incident } = options;
  if (from.length > 0 === (incident !== undefined))
    throw new CliError(
      exitCodes.usage,
      'what was observed is not clear',
      'give --from EVENTS or --incident ID',
    );
  if (incident === undefined) return fromEvents(io, base, effective, options);
  const collector = await theCollector(io, options, 'give the recorded events with --from');
  const { id, version, left, ...found } = await incidentDrifts(collector, incident);
  const seen: Seen = { ...found, more: left, incident: { id, version } };
  assertOwn(base, seen.workload.subject);
  if (seen.more > 0) io.err(`left out: ${seen.more} more drifts, which the incident only counts`);
  return { chosen: chosenDrifts(seen.drifts, options), seen };
}

function assertOwn(base: VerifiedFingerprint, { name, digest }: { name: string; digest: string }): void {
  if (base.runsAs(name) && base.digests.includes(digest)) return;
  throw new CliError(
    exitCodes.usage,
    `the incident is of ${printable(`${name}@${digest}`, 700)}, which the fingerprint is not about`,
  );
}

/** Judged again with what is granted, until no more of it drifts. */
async function fromEvents(
  io: Io,
  base: VerifiedFingerprint,
  effective: Effective,
  options: AcceptFrom,
): Promise<FromWhere> {
  const see = await readSeen(io, options.from, options.source, base);
  const first = see(effective);
  if (first === undefined) throw new CliError(exitCodes.usage, 'nothing drifts from the fingerprint there');
  let chosen = chosenDrifts(first.drifts, options);
  for (let round = 1; round < maxRounds; round++) {
    const seen = see(withGrants(effective, grantsFor(chosen.granted)));
    const more = seen === undefined ? [] : moreOf(seen, options);
    if (more.length === 0) break;
    chosen = { ...chosen, granted: [...chosen.granted, ...more] };
  }
  return { chosen, seen: first };
}

/** What a name named in the first round it need not name again. */
function moreOf({ drifts }: Seen, options: AcceptFrom): readonly Behaviour[] {
  const only = options.only.filter((name) =>
    drifts.some((d) => d.subject === name || d.key.startsWith(name)),
  );
  if (only.length === 0 && options.only.length > 0) return [];
  return chosenDrifts(drifts, { ...options, only }).granted;
}
