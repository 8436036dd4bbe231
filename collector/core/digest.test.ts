import { describe, expect, it } from 'vitest';
import type { Severity } from '../../fingerprint/incident.ts';
import { anIncident, shop } from '../../test/fakes/reports.ts';
import { Digest, Flood } from './digest.ts';
import { LossWindow } from './loss-window.ts';
import type { Notice } from './notice.ts';
import { noticesOf } from './notices-of.ts';

function openedOf(i: number, severity: Severity = 'high', owner = 'Deployment/cart'): Notice {
  const incident = anIncident({
    id: i.toString(16).padStart(64, '0'),
    severity,
    workload: { ...shop, owner },
  });
  return noticesOf(undefined, { of: 'incident', incident }, i).notices[0]!;
}

describe('a flood of incidents', () => {
  it('is told one by one up to twenty a minute, then gathered, and never what is critical', () => {
    const flood = new Flood();
    const states = Array.from({ length: 500 }, (_, i) =>
      flood.admit(openedOf(i, i % 100 === 99 ? 'critical' : 'high'), 1000),
    );
    expect(states.filter((s) => s === 'waiting')).toHaveLength(20 + 5);
    expect(flood.isOver(59_999)).toBe(false);
    expect(flood.isOver(60_000)).toBe(true);
    expect(flood.admit(openedOf(501), 60_000)).toBe('waiting');
  });

  it('takes along what follows an incident that was gathered, unless it becomes critical', () => {
    const flood = new Flood();
    for (let i = 0; i < 21; i++) flood.admit(openedOf(i), 0);
    const graver = (i: number, severity: Severity): Notice => ({
      ...openedOf(i, severity),
      type: 'incident.graver',
    });
    expect(flood.admit(graver(20, 'high'), 1)).toBe('gathered');
    expect(flood.admit(graver(19, 'high'), 1)).toBe('waiting');
    expect(flood.admit(graver(20, 'critical'), 1)).toBe('waiting');
  });

  it('becomes one notice with counts by workload and the gravest five', () => {
    const digest = new Digest();
    for (let i = 0; i < 90; i++)
      digest.add(openedOf(i, i === 70 ? 'high' : 'low', i < 60 ? 'Deployment/a' : 'Deployment/b'));
    const notice = digest.notice('ops', 60_000);
    expect(notice).toMatchObject({
      type: 'incidents.many',
      severity: 'high',
      title: '90 more incidents opened within a minute, in 2 workloads',
      data: { byWorkload: { 'default/Deployment/a/shop': 60, 'default/Deployment/b/shop': 30 } },
    });
    expect(notice.data.gravest).toHaveLength(5);
    expect(notice.data.gravest).toMatchObject([{ severity: 'high' }, { severity: 'low' }, {}, {}, {}]);
  });
});

describe('loss', () => {
  it('is told at once, then added up for ten minutes', () => {
    const window = new LossWindow();
    const loss = { of: 'loss', node: 'n1', events: 3, records: 0, reasons: ['ring-full'] } as const;
    expect(window.add(loss, 0)).toEqual(loss);
    for (let i = 1; i <= 1000; i++) expect(window.add(loss, i)).toBeUndefined();
    expect(window.due(599_999)).toEqual([]);
    expect(window.due(600_000)).toEqual([{ ...loss, events: 3000 }]);
    expect(window.due(1_200_000)).toEqual([]);
    expect(window.add(loss, 1_200_001)).toEqual(loss);
  });
});
