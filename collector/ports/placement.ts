import type { IncidentState } from './incidents.ts';

/** An incident that an occurrence might belong to. */
export interface Candidate extends IncidentState {
  readonly id: string;
  /** ms since the Unix epoch. */
  readonly opened: number;
  readonly changed: number;
  /** How many of the occurrence's drift keys it holds already. */
  readonly shared: number;
}

export type Placement =
  | { readonly kind: 'joins'; readonly incident: string }
  | { readonly kind: 'reopens'; readonly incident: string }
  | { readonly kind: 'opens' };

/**
 * Which incident an occurrence belongs to. Part of the store's contract, so that no two stores answer differently.
 *
 * Drifts that share a lineage came as one occurrence; those of other copies belong to the same incident when they share
 * a drift key, for that names neither node nor pod. What a person closed stays closed for what the person saw and for
 * nothing else: a false positive with something new beside it is a new incident, or whoever repeats a harmless act first
 * could hide another one behind it.
 *
 * @param own the incident the occurrence belonged to when it was last told
 * @param others incidents of the same workload that hold one of its keys
 * @param keys distinct drift keys of the occurrence
 * @param active ms since the Unix epoch: when it last did something
 */
export function placement(
  own: Candidate | undefined,
  others: readonly Candidate[],
  keys: number,
  active: number,
  now: number,
): Placement {
  const known = own === undefined ? others : [own, ...others.filter((o) => o.id !== own.id)];
  const open = known.filter((c) => c.state === 'open').sort(oldestFirst)[0];
  if (own?.state === 'open') return { kind: 'joins', incident: own.id };
  if (open !== undefined) return { kind: 'joins', incident: open.id };
  const covering = known.filter((c) => c.shared >= keys).sort(newestFirst)[0];
  if (covering === undefined) return { kind: 'opens' };
  return stays(covering, active, now)
    ? { kind: 'joins', incident: covering.id }
    : { kind: 'reopens', incident: covering.id };
}

/** Whether a closed incident stays closed though what it is about goes on. */
function stays({ disposition, until, changed }: Candidate, active: number, now: number): boolean {
  if (until !== undefined && until <= now) return false;
  switch (disposition) {
    case 'approved':
    case 'accepted':
    case 'false-positive':
      return true;
    // Told of late is not done again; done after it was contained, it is not contained.
    case 'contained':
      return active <= changed;
    default:
      return false;
  }
}

function oldestFirst(a: Candidate, b: Candidate): number {
  return a.opened - b.opened || (a.id < b.id ? -1 : 1);
}

function newestFirst(a: Candidate, b: Candidate): number {
  return b.opened - a.opened || (a.id < b.id ? -1 : 1);
}
