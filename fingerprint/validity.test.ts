import { describe, expect, it } from 'vitest';
import { baseline, now, policy, signOptions } from '../test/fakes/trust.ts';
import { formatTimestamp } from './timestamp.ts';
import { softFailures } from './validity.ts';

const { format: _format, ...parts } = baseline;
const fingerprint = { ...parts, ...signOptions };
const at = (ms: number): string => formatTimestamp(now + ms);

describe('softFailures', () => {
  it('finds nothing wrong with what is current and whole', () => {
    expect(softFailures(fingerprint, policy, undefined, now)).toEqual([]);
  });

  it('counts what ends now as ended', () => {
    expect(softFailures({ ...fingerprint, expiresAt: at(1000) }, policy, undefined, now)).toEqual([]);
    expect(softFailures({ ...fingerprint, expiresAt: at(0) }, policy, undefined, now)).toMatchObject([
      { code: 'EXPIRED' },
    ]);
  });

  it('holds what was signed too long ago, by the rule', () => {
    const rule = { maxAgeDays: 1 };
    const day = 24 * 60 * 60 * 1000;
    expect(softFailures({ ...fingerprint, issuedAt: at(1000 - day) }, policy, rule, now)).toEqual([]);
    expect(softFailures({ ...fingerprint, issuedAt: at(-day) }, policy, rule, now)).toMatchObject([
      { code: 'TOO_OLD' },
    ]);
  });

  it('tells everything that holds the mode down', () => {
    const poor = { ...fingerprint, expiresAt: at(0), observation: { ...baseline.observation, lost: 1 } };
    const codes = softFailures(poor, { ...policy, expiresAt: at(-1000) }, undefined, now).map((w) => w.code);
    expect(codes).toEqual(['EXPIRED', 'POLICY_EXPIRED', 'EVENTS_LOST']);
  });

  it('allows clocks to differ by five minutes and no more', () => {
    expect(softFailures({ ...fingerprint, issuedAt: at(300_000) }, policy, undefined, now)).toEqual([]);
    expect(() => softFailures({ ...fingerprint, issuedAt: at(301_000) }, policy, undefined, now)).toThrow(
      expect.objectContaining({ code: 'NOT_YET_VALID', field: 'predicate.issuedAt' }),
    );
  });
});
