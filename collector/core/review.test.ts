import { describe, expect, it } from 'vitest';
import { type Act, type IncidentState, reviewed } from './review.ts';

const open: IncidentState = { state: 'open' };
const claimed: IncidentState = { state: 'open', claimedBy: 'ada' };
const harmless: IncidentState = { state: 'closed', disposition: 'false-positive' };
const now = 1_000;
const by = (act: Act['act'], more: Partial<Act> = {}): Act => ({ act, author: 'grace', ...more });
const document = `sha256:${'a'.repeat(64)}`;

const allowed: [string, IncidentState, Act, IncidentState][] = [
  ['a false positive closes it', open, by('false-positive'), harmless],
  [
    'whoever had claimed it is remembered',
    claimed,
    by('contained'),
    { state: 'closed', disposition: 'contained', claimedBy: 'ada' },
  ],
  [
    'approved with what was signed',
    open,
    by('approved', { document }),
    { state: 'closed', disposition: 'approved' },
  ],
  [
    'accepted until a date',
    open,
    by('accepted', { document, until: 2_000 }),
    { state: 'closed', disposition: 'accepted', until: 2_000 },
  ],
  [
    'claimed by whoever asks, also from another',
    claimed,
    by('claimed'),
    { state: 'open', claimedBy: 'grace' },
  ],
  ['let go', claimed, by('let-go'), open],
  ['a note changes nothing', harmless, by('note'), harmless],
];

const refused: [string, IncidentState, Act, string][] = [
  ['what is closed is not closed again', harmless, by('contained'), 'closed'],
  ['what is closed is not claimed', harmless, by('claimed'), 'closed'],
  ['nobody has claimed it', open, by('let-go'), 'not-claimed'],
  ['approved without a signature', open, by('approved'), 'document-missing'],
  ['accepted without a signature', open, by('accepted', { until: 2_000 }), 'document-missing'],
  ['accepted for ever', open, by('accepted', { document }), 'until-missing'],
  ['accepted until yesterday', open, by('accepted', { document, until: now }), 'until-past'],
  ['nothing to undo', open, by('undone'), 'not-closed'],
];

describe('what a person does with an incident', () => {
  it.each(allowed)('%s', (_, state, act, next) => {
    expect(reviewed(state, act, undefined, now)).toEqual(next);
  });

  it.each(refused)('is refused: %s', (_, state, act, code) => {
    expect(reviewed(state, act, undefined, now)).toMatchObject({ code });
  });

  it('is undone to what it was before', () => {
    expect(reviewed(harmless, by('undone'), claimed, now)).toEqual(claimed);
  });
});
