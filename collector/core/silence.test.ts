import { describe, expect, it } from 'vitest';
import { type Canary, canaryWorkload } from '../../fingerprint/canary.ts';
import { aDrift, anIncident } from '../../test/fakes/reports.ts';
import { Silence } from './silence.ts';

const second = 1_000;
const period = 300 * second;
const first: Canary = { nonce: 'tinu-riza-mumu-tego-vuma', act: 'exec' };
const next: Canary = { nonce: 'bafo-tizu-kemo-lari-sato', act: 'open' };

function incidentOf({ nonce, act }: Canary) {
  const drift = { ...aDrift, kind: act, subject: `x ${nonce}`, severity: 'low' as const };
  return anIncident({ workload: canaryWorkload('local'), drifts: [drift] });
}

/** An agent that has announced its first at 1000 s. */
function announced(): Silence {
  const silence = new Silence(0);
  silence.every(period);
  expect(silence.status.state).toBe('waiting');
  silence.announced(first, period, 1_000 * second);
  return silence;
}

describe('the silence of an agent', () => {
  it('is untested as long as it announces nothing and says it never will', () => {
    const silence = new Silence(0);
    silence.look(10 * period);
    expect(silence.status).toEqual({ state: 'untested', lastSeen: 0, blindSince: 0 });
  });

  it('is broken by a canary in time', () => {
    const silence = announced();
    expect(silence.canaryOf(incidentOf(first), 1_009 * second)).toEqual(first);
    silence.look(1_100 * second);
    expect(silence.status).toEqual({ state: 'seeing', lastSeen: 1_009 * second, blindSince: 0 });
  });

  it('is blindness when it is not seen within ten seconds, and when it comes late', () => {
    const silence = announced();
    silence.look(1_010 * second);
    expect(silence.status.state).toBe('waiting');
    silence.look(1_011 * second);
    expect(silence.status).toEqual({ state: 'blind', lastSeen: 0, blindSince: 1_000 * second });
    expect(silence.canaryOf(incidentOf(first), 1_012 * second)).toEqual(first);
    expect(silence.status.state).toBe('blind');
  });

  it('is blindness also when nobody looked meanwhile', () => {
    const silence = announced();
    expect(silence.canaryOf(incidentOf(first), 1_020 * second)).toEqual(first);
    expect(silence.status.state).toBe('blind');
  });

  it('ends with the next that is seen in time', () => {
    const silence = announced();
    silence.look(1_011 * second);
    silence.announced(next, period, 1_300 * second);
    expect(silence.status.state).toBe('blind');
    silence.canaryOf(incidentOf(next), 1_301 * second);
    expect(silence.status).toEqual({ state: 'seeing', lastSeen: 1_301 * second, blindSince: 0 });
  });

  it('is blindness when no more are announced, from the last that was', () => {
    const silence = announced();
    silence.canaryOf(incidentOf(first), 1_001 * second);
    silence.look(1_610 * second);
    expect(silence.status.state).toBe('seeing');
    silence.look(1_611 * second);
    expect(silence.status).toMatchObject({ state: 'blind', blindSince: 1_000 * second });
  });

  it('is blindness when an agent that promised some never announces one', () => {
    const silence = new Silence(second);
    silence.every(period);
    silence.look(2 * period + 12 * second);
    expect(silence.status.state).toBe('blind');
  });

  it('is not the fault of a stream that broke: the time begins anew', () => {
    const silence = announced();
    silence.connected(1_005 * second);
    silence.look(1_100 * second);
    expect(silence.status.state).toBe('waiting');
  });

  it('knows an announcement that is repeated', () => {
    const silence = announced();
    silence.canaryOf(incidentOf(first), 1_001 * second);
    expect(silence.announced(first, period, 1_002 * second)).toBe(false);
    silence.look(1_050 * second);
    expect(silence.status.state).toBe('seeing');
  });

  it('knows after a restart what was announced before', () => {
    const silence = new Silence(0, announced().kept);
    expect(silence.canaryOf(incidentOf(first), 5)).toEqual(first);
  });

  it('takes nobody else for a canary: not what bears the word of none, nor what bears an old one', () => {
    const silence = announced();
    expect(silence.canaryOf(incidentOf(next), 1_001 * second)).toBeUndefined();
    for (const c of 'bcdfghjklm')
      silence.announced({ ...next, nonce: `${c}afo-tizu-kemo-lari-sato` }, period, 2_000_000);
    expect(silence.canaryOf(incidentOf(first), 2_000_001)).toBeUndefined();
  });
});
