/** Ends an incident. What comes after it under the same keys: see `placement.ts`. */
export const dispositions = ['approved', 'accepted', 'false-positive', 'contained'] as const;
export type Disposition = (typeof dispositions)[number];

/** Everything a person can do with an incident. */
export const reviewActs = [...dispositions, 'claimed', 'let-go', 'note', 'undone'] as const;
export type ReviewAct = (typeof reviewActs)[number];

export interface IncidentState {
  readonly state: 'open' | 'closed';
  readonly disposition?: Disposition;
  /** ms since the Unix epoch: until then it stays closed, whatever comes under the same keys. */
  readonly until?: number;
  readonly claimedBy?: string;
}

/** What a person does with an incident. */
export interface Act {
  readonly act: ReviewAct;
  readonly author: string;
  /** ms since the Unix epoch: what it holds until; `accepted` needs one, `approved` may have one. */
  readonly until?: number;
  /** Digest of what was signed; `approved` and `accepted` need one. */
  readonly document?: string;
}

/** Why an act cannot be done, and what to do instead. */
export interface ActRefused {
  readonly code:
    | 'closed'
    | 'not-closed'
    | 'until-missing'
    | 'until-past'
    | 'document-missing'
    | 'not-claimed';
  readonly sentence: string;
}

/**
 * The state of an incident after an act of a person.
 * @param undone the state before the last act that changed it, for `undone`
 * @param now ms since the Unix epoch
 */
export function reviewed(
  state: IncidentState,
  act: Act,
  undone: IncidentState | undefined,
  now: number,
): IncidentState | ActRefused {
  switch (act.act) {
    case 'approved':
    case 'accepted':
    case 'false-positive':
    case 'contained':
      return closed(state, { ...act, act: act.act }, now);
    case 'claimed':
      return state.state === 'closed' ? isClosed : { ...state, claimedBy: act.author };
    case 'let-go': {
      const { claimedBy, ...rest } = state;
      const notClaimed = 'nobody has claimed it, so nobody can let it go';
      return claimedBy === undefined ? { code: 'not-claimed', sentence: notClaimed } : rest;
    }
    case 'note':
      return state;
    case 'undone':
      return (
        undone ?? { code: 'not-closed', sentence: 'nothing has been decided about it that could be undone' }
      );
  }
}

const isClosed: ActRefused = {
  code: 'closed',
  sentence: 'it is closed already; undo what closed it first, or leave a note',
};

function closed(
  state: IncidentState,
  act: Act & { act: Disposition },
  now: number,
): IncidentState | ActRefused {
  const { until, document, act: disposition } = act;
  if (state.state === 'closed') return isClosed;
  const isSigned = disposition === 'approved' || disposition === 'accepted';
  if (isSigned && document === undefined) {
    return {
      code: 'document-missing',
      sentence: `${disposition} is what a person signs: sign and push the overlay first, then name its digest as document`,
    };
  }
  if (disposition === 'accepted' && until === undefined)
    return { code: 'until-missing', sentence: 'accepted needs a date until which it holds' };
  if (until !== undefined && until <= now)
    return { code: 'until-past', sentence: 'the date until which it holds is past' };
  return {
    state: 'closed',
    disposition,
    ...(until === undefined ? {} : { until }),
    ...(state.claimedBy === undefined ? {} : { claimedBy: state.claimedBy }),
  };
}
