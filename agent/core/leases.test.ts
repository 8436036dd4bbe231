import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import { formatSeconds, parseTime } from '../../fingerprint/time.ts';
import { workloadHash } from '../../fingerprint/workload-hash.ts';
import { lease as proper } from '../../test/fakes/orders.ts';
import { aDrift, anIncident, shop } from '../../test/fakes/reports.ts';
import { type Clocks, LeaseBook, type LeaseContext, type NotAllowed, type Spending } from './leases.ts';

const second = 1_000_000;
const issued = parseTime(proper.issuedAt) ?? 0;
const now = issued + second;
const context: LeaseContext = { node: 'n1', session: proper.session, now, steady: 0 };
const killing = { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false } as const;
const lease: Lease = { ...proper, workload: workloadHash(shop), stops: 2, ends: 1, response: killing };
const spending: Spending = { now, steady: 0, ends: false, crowded: false, hasEnded: () => false };

/** The same cause at another copy; `cause`: another cause. */
function drift(copy: string, { cause = 'c', startedAt = 1 } = {}): Incident {
  return anIncident({
    instance: { id: copy, node: 'n1', startedAt },
    drifts: [{ ...aDrift, key: cause }],
  });
}
function book(...leases: readonly Partial<Lease>[]): LeaseBook {
  const made = new LeaseBook();
  leases.forEach((change, i) => {
    expect(made.accept({ ...lease, seq: i, ...change }, context)).toEqual({ kind: 'taken' });
  });
  return made;
}
function spend(made: LeaseBook, incident: Incident, change: Partial<Spending> = {}): string {
  const allowance = made.spend(incident, { ...spending, ...change });
  if (allowance.kind === 'not') return allowance.why;
  return allowance.again ? 'again' : 'first';
}
const later = (seconds: number): Clocks => ({ now: now + seconds * second, steady: seconds * second });

describe('a lease that comes', () => {
  it('is taken when it is for this start of this node, new and in time', () => {
    expect(new LeaseBook().accept(lease, context)).toEqual({ kind: 'taken' });
  });

  it.each<[string, string, Partial<Lease>, Partial<LeaseContext>]>([
    ['for another node', 'refused-node', { node: 'n2' }, {}],
    ['for an earlier start', 'refused-session', { session: 'b'.repeat(32) }, {}],
    ['that is over', 'refused-expired', {}, { now: now + 60 * second }],
    ['of tomorrow', 'refused-expired', {}, { now: now - 60 * second }],
    ['that lasts longer than a minute', 'refused-expired', { expiresAt: '2026-05-02T09:01:01Z' }, {}],
  ])('%s is refused: %s', (_what, code, change, at) => {
    const made = new LeaseBook();
    expect(made.accept({ ...lease, ...change }, { ...context, ...at })).toMatchObject({
      kind: 'refused',
      code,
    });
    expect(spend(made, drift('a'))).toBe('none');
    // What was refused has no number that counts: the genuine one is taken.
    expect(made.accept(lease, context)).toEqual({ kind: 'taken' });
  });

  it('again, or after a later one of any workload, is refused', () => {
    const made = book({ seq: 5 });
    for (const seq of [5, 4])
      for (const workload of [lease.workload, 'ab'.repeat(32)])
        expect(made.accept({ ...lease, seq, workload }, context)).toMatchObject({ code: 'refused-sequence' });
    expect(made.summary(context)).toEqual({ live: 1, stopsLeft: 2, endsLeft: 1 });
  });

  it('is not taken a moment late, unlike an order: what it sets aside is somebody else’s then', () => {
    const late = { ...context, now: (parseTime(lease.expiresAt) ?? 0) + second };
    expect(new LeaseBook().accept(lease, late)).toMatchObject({ code: 'refused-expired' });
  });
});

describe('a stop', () => {
  it('spends a lease until nothing is left', () => {
    const made = book({});
    expect(['a', 'b', 'c'].map((cause) => spend(made, drift('x', { cause })))).toEqual([
      'first',
      'first',
      'spent',
    ]);
    expect(made.summary(context)).toEqual({ live: 1, stopsLeft: 0, endsLeft: 1 });
  });

  it.each<[NotAllowed, readonly Partial<Lease>[], Partial<Spending>, Partial<Incident>]>([
    ['none', [], {}, {}],
    ['none', [{ workload: 'ab'.repeat(32) }], {}, {}],
    ['expired', [{}], { now: now + 59 * second }, {}],
    // The clock was set back an hour: the other one goes on.
    ['expired', [{}], { now: now - 3_600 * second, steady: 59 * second }, {}],
    ['spent', [{ stops: 0, ends: 0 }], {}, {}],
    ['spent', [{}, { stops: 0, ends: 0 }], {}, {}],
    ['mode', [{ maxMode: 'freeze' }], {}, {}],
    ['mode', [{ response: { ...killing, rules: [{ mode: 'freeze' }] } }], {}, {}],
    ['mode', [{}], {}, { approval: undefined as never }],
    ['mode', [{}], {}, { drifts: [{ ...aDrift, root: 'interactive' }] }],
    ['mode', [{}], {}, { drifts: [{ ...aDrift, because: 'new-file' }] }],
    ['last-copy', [{ ends: 0 }], { ends: true }, {}],
    ['rate', [{}], { crowded: true }, {}],
  ])('is not allowed: %s (%#)', (why, leases, change, incident) => {
    expect(spend(book(...leases), { ...drift('a'), ...incident }, change)).toBe(why);
  });

  it('ends as many whole copies as the lease says, and others’ subtrees besides', () => {
    const made = book({ stops: 3, ends: 1 });
    expect(spend(made, drift('a'), { ends: true })).toBe('first');
    expect(spend(made, drift('b'), { ends: true })).toBe('last-copy');
    expect(spend(made, drift('b'))).toBe('first');
  });

  it('of what comes back in the same copy is not charged again', () => {
    const made = book({ stops: 1 });
    expect([1, 2, 3].map(() => spend(made, drift('a')))).toEqual(['first', 'again', 'again']);
    expect(made.summary(context).stopsLeft).toBe(0);
  });

  it('of the copy that is started in the place of the one that was ended is not charged again', () => {
    const made = book({ stops: 1 });
    const hasEnded = (id: string): boolean => id === 'a';
    expect(spend(made, drift('a'), { ends: true })).toBe('first');
    const restart = drift('b', { startedAt: now + second });
    expect(spend(made, restart, { ...later(2), ends: true, hasEnded: () => false })).toBe('spent');
    expect(spend(made, restart, { ...later(2), ends: true, hasEnded })).toBe('again');
    // That place is taken now.
    const third = drift('c', { startedAt: now + second });
    expect(spend(made, third, { ...later(3), ends: true, hasEnded })).toBe('spent');
  });

  it('of a copy that ran beside it all the time is one more, whatever has ended', () => {
    const made = book({ stops: 1 });
    expect(spend(made, drift('a'))).toBe('first');
    for (const copy of ['b', 'c', 'd'])
      expect(spend(made, drift(copy), { hasEnded: () => true })).toBe('spent');
  });

  it('is charged anew after ten minutes, when the collector has forgotten it too', () => {
    const made = book({ stops: 1 });
    expect(spend(made, drift('a'))).toBe('first');
    const at = later(601);
    const issuedAt = formatSeconds(at.now);
    const expiresAt = formatSeconds(at.now + 60 * second);
    made.accept({ ...lease, id: 'another', seq: 9, stops: 1, issuedAt, expiresAt }, { ...context, ...at });
    expect(spend(made, drift('a'), at)).toBe('first');
    expect(spend(made, drift('b'), at)).toBe('spent');
  });

  it('that was spent stays spent when the same lease is renewed; a new one is a new grant', () => {
    const made = book({ stops: 1, ends: 1 });
    expect(spend(made, drift('a'), { ends: true })).toBe('first');
    made.accept({ ...lease, seq: 8, stops: 1, ends: 1 }, context);
    expect(spend(made, drift('b'))).toBe('spent');
    expect(made.summary(context)).toEqual({ live: 1, stopsLeft: 0, endsLeft: 0 });
    made.accept({ ...lease, id: 'another', seq: 9, stops: 1, ends: 0 }, context);
    expect(spend(made, drift('b'))).toBe('first');
  });

  it('of what an order had killed was paid for, yet needs a live lease', () => {
    const made = book({ stops: 1 });
    made.ordered(drift('a'), false, later(0));
    expect(spend(made, drift('a'))).toBe('again');
    expect(made.summary(context).stopsLeft).toBe(1);
    expect(spend(made, drift('a'), later(60))).toBe('expired');
  });

  it('is not repeated for ever', () => {
    const made = book({ stops: 1 });
    const all = Array.from({ length: 23 }, () => spend(made, drift('a')));
    expect(all).toEqual(['first', ...Array(20).fill('again'), 'restops', 'restops']);
  });

  it('of what was charged ends with the lease that takes everything back', () => {
    const made = book({});
    expect(spend(made, drift('a'))).toBe('first');
    made.accept({ ...lease, seq: 9, stops: 0, ends: 0 }, context);
    expect(spend(made, drift('a'))).toBe('spent');
  });
});

describe('what was said last', () => {
  it('is known after the lease is over or spent, for as long as nothing newer comes', () => {
    const made = book({ stops: 0, ends: 0 });
    expect(made.wish(drift('a'))).toBe('kill');
    expect(made.lastOf(shop)).toEqual({ lease: 'l-1', response: killing });
    made.accept({ ...lease, seq: 9, response: { ...killing, rules: [] } }, context);
    expect(made.wish(drift('a'))).toBe('alert');
  });

  it('is nothing where no lease came: then nothing is done without asking', () => {
    expect(new LeaseBook().wish(drift('a'))).toBeUndefined();
    expect(book({ workload: 'ab'.repeat(32) }).wish(drift('a'))).toBeUndefined();
  });
});

/** Leases that come, are repeated, are late or for somebody else; drift; restarts; clocks that go on and are set. */
type Step =
  | {
      readonly do: 'grant';
      readonly stops: number;
      readonly ends: number;
      readonly seq: number;
      readonly late: number;
      readonly alien: boolean;
    }
  | { readonly do: 'drift'; readonly copy: number; readonly cause: number; readonly ends: boolean }
  | { readonly do: 'restart'; readonly copy: number }
  | { readonly do: 'pass'; readonly seconds: number; readonly set: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(fc.nat(3), fc.nat(3), fc.nat(12), fc.nat(90), fc.boolean())
    .map(([stops, ends, seq, late, odd]) => ({
      do: 'grant' as const,
      stops,
      ends: Math.min(stops, ends),
      seq,
      late,
      alien: odd && seq % 3 === 0,
    })),
  fc.record({ do: fc.constant('drift' as const), copy: fc.nat(4), cause: fc.nat(2), ends: fc.boolean() }),
  fc.record({ do: fc.constant('restart' as const), copy: fc.nat(4) }),
  fc.record({
    do: fc.constant('pass' as const),
    seconds: fc.nat(120),
    set: fc.integer({ min: -60, max: 60 }),
  }),
);

/** What happened, counted by what was granted and what died. */
class Play {
  readonly #book = new LeaseBook();
  readonly #born: number[] = Array(5).fill(1);
  readonly #lives: number[] = Array(5).fill(0);
  #at: { now: number; steady: number } = { now, steady: 0 };
  granted = 0;
  grantedEnds = 0;
  firsts = 0;
  ends = 0;
  /** Stops under a lease of which the steady clock says that it is over. */
  overdue = 0;
  #until = 0;

  do(step: Step): void {
    switch (step.do) {
      case 'grant':
        this.#grant(step);
        return;
      case 'drift':
        this.#drift(step);
        return;
      case 'restart':
        this.#lives[step.copy] = (this.#lives[step.copy] ?? 0) + 1;
        this.#born[step.copy] = this.#at.now;
        return;
      case 'pass':
        this.#at = {
          now: this.#at.now + (step.seconds + step.set) * second,
          steady: this.#at.steady + step.seconds * second,
        };
    }
  }

  #grant({ stops, ends, seq, late, alien }: Extract<Step, { do: 'grant' }>): void {
    const from = Math.floor(this.#at.now / second) * second - late * second;
    const life = { issuedAt: formatSeconds(from), expiresAt: formatSeconds(from + 60 * second) };
    const whose = alien ? { session: 'c'.repeat(32) } : {};
    const check = this.#book.accept(
      { ...lease, ...life, ...whose, seq, stops, ends },
      { ...context, ...this.#at },
    );
    if (check.kind === 'refused') return;
    expect(alien).toBe(false);
    this.granted += stops;
    this.grantedEnds += ends;
    this.#until = this.#at.steady + 60 * second;
  }

  #drift({ copy, cause, ends }: Extract<Step, { do: 'drift' }>): void {
    const life = this.#lives[copy] ?? 0;
    const incident = drift(`${copy}/${life}`, { cause: `c${cause}`, startedAt: this.#born[copy] ?? 1 });
    const hasEnded = (id: string): boolean => {
      const [of = '', was = ''] = id.split('/');
      return Number(was) < (this.#lives[Number(of)] ?? 0);
    };
    const allowance = this.#book.spend(incident, { ...this.#at, ends, crowded: false, hasEnded });
    if (allowance.kind === 'not') return;
    if (this.#at.steady > this.#until) this.overdue += 1;
    if (!allowance.again) this.firsts += 1;
    if (!allowance.again && ends) this.ends += 1;
  }
}

describe('however leases, drifts, restarts and clocks interleave', () => {
  it('no more is stopped than was granted, and nothing after its time', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const play = new Play();
        for (const each of steps) {
          play.do(each);
          expect(play.firsts).toBeLessThanOrEqual(play.granted);
          expect(play.ends).toBeLessThanOrEqual(play.grantedEnds);
          expect(play.overdue).toBe(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
