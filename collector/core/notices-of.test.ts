import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behaviourKinds } from '../../fingerprint/event.ts';
import { severities } from '../../fingerprint/incident.ts';
import { actions, receiptResults } from '../../fingerprint/order.ts';
import { modes } from '../../fingerprint/verdict.ts';
import { aDrift, anIncident, shop } from '../../test/fakes/reports.ts';
import { type Change, subjectOf } from './change.ts';
import { maxNoticeBytes, type Notice } from './notice.ts';
import { noticeText, parseNotice } from './notice-json.ts';
import { noticesOf } from './notices-of.ts';
import { parseTold, toldText } from './told.ts';

const id = '1'.repeat(64);
const opened: Change = { of: 'incident', incident: anIncident({ severity: 'medium' }) };
const grown = (over: Parameters<typeof anIncident>[0]): Change => ({
  of: 'incident',
  incident: anIncident({ severity: 'medium', ...over }),
});
const receipt = (result: (typeof receiptResults)[number], order = 'o1'): Change => ({
  of: 'receipt',
  receipt: { order, incident: id, result, action: 'hold', stopped: [7] },
});
const held = (reason: string, state: 'waiting' | 'expired' = 'waiting'): Change => ({
  of: 'held',
  incident: id,
  state,
  reason,
  sentence: 'the drifting processes are held: it is the last running copy',
});
const node = (kind: string, state: 'opened' | 'closed'): Change => ({
  of: 'node',
  node: 'n1',
  kind,
  state,
  detail: 'it is 40 s ahead',
});

/** What is told in a row, each change a second after the one before, with what is remembered kept as text in between. */
function tell(changes: readonly Change[]): Notice[] {
  const told = new Map<string, string>();
  return changes.flatMap((change, i) => {
    const subject = subjectOf(change);
    const text = told.get(subject);
    const outcome = noticesOf(text === undefined ? undefined : parseTold(text), change, i * 1000);
    if (outcome.told !== undefined) told.set(subject, toldText(outcome.told));
    return outcome.notices;
  });
}

describe('what is news', () => {
  it.each<[string, readonly Change[], readonly string[]]>([
    ['an incident, once', [opened, opened], ['incident.opened']],
    ['more of the same is none', [opened, grown({ more: 400, last: 9_000_000 })], ['incident.opened']],
    ['a graver one', [opened, grown({ severity: 'high' })], ['incident.opened', 'incident.graver']],
    ['a new kind', [opened, grown({ kinds: ['exec', 'connect'] })], ['incident.opened', 'incident.graver']],
    ['a milder report takes nothing back', [opened, grown({ severity: 'low' }), opened], ['incident.opened']],
    [
      'what was stopped, once',
      [opened, receipt('done'), receipt('done')],
      ['incident.opened', 'incident.acted'],
    ],
    ['what was not', [opened, receipt('refused-rate')], ['incident.opened', 'incident.not-acted']],
    [
      'each order',
      [opened, receipt('done'), receipt('done', 'o2')],
      ['incident.opened', 'incident.acted', 'incident.acted'],
    ],
    ['a brake', [opened, held('brake-node'), held('brake-node')], ['incident.opened', 'incident.held']],
    [
      'that nobody answered',
      [opened, held('brake-node'), held('brake-node', 'expired')],
      ['incident.opened', 'incident.held', 'incident.held'],
    ],
    ['nothing of an incident nobody was told of', [receipt('done'), held('brake-node')], []],
    [
      'a node that goes blind and sees',
      [node('blind', 'opened'), node('blind', 'opened'), node('blind', 'closed')],
      ['node.blind', 'node.seeing'],
    ],
    [
      'the end of what was not told is none',
      [node('blind', 'closed'), { of: 'store', state: 'recovered', sentence: 's' }],
      [],
    ],
    [
      'a policy, when it is another',
      [
        { of: 'policy', mode: 'kill' },
        { of: 'policy', mode: 'kill' },
        { of: 'policy', mode: 'alert' },
      ],
      ['policy.changed', 'policy.changed'],
    ],
    [
      'that stops are off',
      [{ of: 'stops', state: 'disarmed', scope: 'namespace pay', author: 'ada', reason: 'upgrade' }],
      ['stops.disarmed'],
    ],
    [
      'another trouble of a node beside it',
      [node('silent', 'opened'), node('clock', 'opened'), node('silent', 'closed')],
      ['node.silent', 'node.trouble', 'node.back'],
    ],
    [
      'an audit sink that fails',
      [{ of: 'audit-sink', sink: 'bucket', state: 'failing', sentence: 's' }],
      ['audit.failing'],
    ],
    [
      'each mismatch of the audit',
      [
        { of: 'audit', sentence: 'entry 7' },
        { of: 'audit', sentence: 'entry 7' },
      ],
      ['audit.mismatch', 'audit.mismatch'],
    ],
  ])('%s', (_name, changes, types) => {
    expect(tell(changes).map((notice) => notice.type)).toEqual(types);
  });

  it('says who was told of the trouble that it is over, whatever the least severity', () => {
    const [blind, seeing] = tell([node('blind', 'opened'), node('blind', 'closed')]);
    expect(seeing?.severity).toBe(blind?.severity);
  });

  it('says a person’s word and that it is open again', () => {
    const word = { of: 'disposition', incident: id, author: 'ada', reason: 'known job' } as const;
    const notices = tell([
      opened,
      { ...word, disposition: 'false-positive', isOpen: false },
      { ...word, disposition: 'open', isOpen: true },
    ]);
    expect(notices.slice(1).map(({ type, title }) => `${type}: ${title}`)).toEqual([
      'incident.disposition: false-positive, says ada: shop ran /tmp/dropped, which nobody approved',
      'incident.reopened: open again, says ada: shop ran /tmp/dropped, which nobody approved',
    ]);
  });

  it('does not let a node that makes receipts up go on for ever', () => {
    const made = Array.from({ length: 500 }, (_, i) => receipt('done', `o${i}`));
    expect(tell([opened, ...made])).toHaveLength(65);
  });
});

describe('what a notice holds', () => {
  it('is cut to what receivers take, and says how much is missing', () => {
    const long = '/a'.repeat(2000);
    const drifts = Array.from({ length: 32 }, () => ({
      ...aDrift,
      subject: long,
      lineage: Array(20).fill(long),
    }));
    const [notice] = tell([{ of: 'incident', incident: anIncident({ drifts, more: 5 }) }]);
    const text = noticeText(notice!);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxNoticeBytes);
    const { drifts: kept, more } = JSON.parse(text).data;
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length + more).toBe(37);
  });

  it('is printable, whatever the watched world is called', () => {
    const evil = '\u001b]0;owned\u0007\u202egnp.exe';
    const [notice] = tell([
      {
        of: 'incident',
        incident: anIncident({
          sentence: evil,
          drifts: [{ ...aDrift, subject: evil }],
          workload: { ...shop, container: evil },
        }),
      },
    ]);
    // JSON escapes control characters by itself: what counts is what a receiver has after parsing.
    expect(JSON.stringify(JSON.parse(noticeText(notice!)))).not.toMatch(/\\u001b|\\u0007|\u202e/);
  });
});

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record({
      id: fc.constantFrom('1'.repeat(64), '2'.repeat(64)),
      severity: fc.constantFrom(...severities),
      kinds: fc.uniqueArray(fc.constantFrom(...behaviourKinds), { minLength: 1 }),
      sentence: fc.string({ unit: 'binary', maxLength: 2000 }).filter((s) => s.isWellFormed()),
      drifts: fc.array(
        fc.string({ unit: 'binary' }).map((subject) => ({ ...aDrift, subject })),
        { maxLength: 32 },
      ),
    })
    .map((over): Change => ({ of: 'incident', incident: anIncident(over) })),
  fc.record({
    of: fc.constant('receipt' as const),
    receipt: fc.record({
      order: fc.constantFrom('a', 'b'),
      incident: fc.constantFrom('1'.repeat(64), '2'.repeat(64)),
      result: fc.constantFrom(...receiptResults),
      action: fc.constantFrom(...actions),
      stopped: fc.array(fc.nat(), { maxLength: 200 }),
    }),
  }),
  fc.constantFrom('brake-node', 'brake-holds').map((reason) => held(reason)),
  fc
    .tuple(fc.constantFrom('silent', 'blind', 'clock'), fc.constantFrom('opened' as const, 'closed' as const))
    .map(([kind, state]) => node(kind, state)),
  fc.constantFrom(...modes).map((mode): Change => ({ of: 'policy', mode })),
  fc
    .string({ unit: 'grapheme-composite', maxLength: 500 })
    .map((name): Change => ({ of: 'loss', node: `${name}\0\ud800`, events: 1, records: 0, reasons: [name] })),
);

describe('any sequence of changes', () => {
  it('gives notices with ids of their own, each incident opened at most once, all of a size and readable again', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
        const notices = tell(changes);
        expect(new Set(notices.map((n) => n.id)).size).toBe(notices.length);
        const openings = notices.filter((n) => n.type === 'incident.opened').map((n) => n.key);
        expect(new Set(openings).size).toBe(openings.length);
        for (const notice of notices) {
          const text = noticeText(notice);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxNoticeBytes);
          expect(noticeText(parseNotice(text))).toBe(text);
        }
      }),
      { numRuns: 200 },
    );
  });
});
