import { describe, expect, it } from 'vitest';
import { baselineText } from '../../fingerprint/baseline-text.ts';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import type { Baseline } from '../../fingerprint/fingerprint.ts';
import { firstShown } from '../../fingerprint/first-shown.ts';
import { grantsOf } from '../../fingerprint/grants.ts';
import { unpushedDigest } from '../../fingerprint/image-ref.ts';
import { learn } from '../../fingerprint/learn.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import type { Recorded } from './learn-runs.ts';
import { lockEntry } from './lock-entry.ts';

const app = { root: 'entrypoint', lineage: ['/cart'] } as const;
const runs: Behaviour = { ...app, kind: 'exec', args: ['cart'] };
const connects = (peer: string): Behaviour => ({
  ...app,
  kind: 'connect',
  transport: 'tcp',
  peer,
  port: 443,
});
const subject = { name: 'shop/cart', digest: unpushedDigest };

interface Recording {
  readonly shown: readonly (readonly [Behaviour, string])[];
  readonly ran?: readonly string[];
  readonly lost?: number;
  readonly day?: number;
}

function recorded({ shown, ran = [], lost = 0, day = 1 }: Recording): Recorded {
  const at = `2026-05-0${day}T08:00:00Z`;
  const observation = {
    startedAt: at,
    finishedAt: at,
    source: 'sensor',
    events: day,
    lost,
    instances: [`i${day}`],
    ran,
  };
  const learned = learn(
    subject,
    shown.map(([b]) => b),
    { coverage: behaviourKinds, observation },
  );
  const steps = firstShown(
    learned.behaviour,
    shown.map(([behaviour, step]) => ({ behaviour, steps: [step] })),
  );
  const baseline = { ...learned, observation: { ...learned.observation, steps } };
  const target = { name: subject.name, file: 'cart', image: undefined };
  return { target, baseline, unstable: [], leftOut: [], copies: 1, older: 0, digests: [] };
}

/** As it was committed: what was written, read again. */
const committed = (recording: Recording, more: object = {}): Baseline =>
  parseBaseline({ ...JSON.parse(baselineText(recorded(recording).baseline)), ...more });

const login = [runs, '(before the first step)'] as const;
const former = committed({ shown: [login, [connects('db'), 'login']], ran: ['login'] });
const text = baselineText(former);
const next = (recording: Recording, unstable: readonly string[] = [], of = former) =>
  lockEntry(recorded(recording), of, new Set(unstable));

describe('the file of a further recording', () => {
  it('does not change by a byte when the same was done, whenever and however often', () => {
    const same = next({ shown: [login, [connects('db'), 'login']], ran: ['login'], day: 2 });
    expect([same.state, baselineText(same.next)]).toEqual(['unchanged', text]);
    expect(same.difference?.changes).toEqual([]);
  });

  it('keeps the test that was named for an entry as long as it runs: which of two is first is chance', () => {
    const other = next({ shown: [login, [connects('db'), 'checkout']], ran: ['checkout', 'login'], day: 2 });
    expect(other.state).toBe('changed');
    expect(other.next.observation).toMatchObject({
      ran: ['checkout', 'login'],
      startedAt: former.observation.startedAt,
    });
    expect(Object.values(other.next.observation.steps ?? {})).toContainEqual(['login']);
    expect(Object.values(other.next.observation.steps ?? {})).not.toContainEqual(['checkout']);
    const renamed = next({ shown: [login, [connects('db'), 'sign-in']], ran: ['sign-in'], day: 2 });
    expect(Object.values(renamed.next.observation.steps ?? {})).toContainEqual(['sign-in']);
    expect(renamed.difference?.widens).toBe(false);
  });

  it('loses what was not seen, unless that is known to come and go', () => {
    const less = next({ shown: [login], ran: ['login'], day: 2 });
    expect(less.difference?.changes.map((c) => c.change)).toEqual(['removed']);
    const ids = grantsOf(former.behaviour).map((g) => g.id);
    const known = next({ shown: [login], ran: ['login'], day: 2 }, ids);
    expect([known.state, baselineText(known.next)]).toEqual(['unchanged', text]);
  });

  it('loses nothing for its absence where events were lost, and gains what was seen', () => {
    const lossy = next({ shown: [login, [connects('api'), 'login']], ran: ['login'], lost: 5, day: 2 });
    expect(lossy.difference?.changes.map((c) => [c.change, c.subject])).toEqual([['added', 'api:443']]);
    expect(lossy.next.observation.lost).toBe(5);
    const whole = lockEntry(
      recorded({
        shown: [login, [connects('api'), 'login'], [connects('db'), 'login']],
        ran: ['login'],
        day: 3,
      }),
      lossy.next,
      new Set(),
    );
    expect([whole.state, whole.next.observation.lost]).toEqual(['changed', 0]);
  });

  it('keeps what people wrote into it', () => {
    const parameters = [{ kind: 'site', name: 'database', what: 'yours' }];
    const representativeness = [{ mode: 'backup', expects: [{ do: 'exec', exe: '/dump' }] }];
    const own = committed({ shown: [login], ran: [] }, { parameters, representativeness });
    const entry = next({ shown: [login], ran: [] }, [], own);
    expect(entry.state).toBe('unchanged');
    expect(entry.difference?.notExercised?.sentences).toContainEqual(
      expect.stringMatching(/backup was not seen: .*dump did not run/),
    );
  });

  it('is whole and new where there was none', () => {
    const entry = lockEntry(recorded({ shown: [login] }), undefined, new Set());
    expect([entry.state, entry.difference]).toEqual(['new', undefined]);
  });
});
