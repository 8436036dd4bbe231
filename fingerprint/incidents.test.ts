import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbBehaviour, workload } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import type { ProcessRef } from './event.ts';
import { type Approval, maxDrifts } from './incident.ts';
import { parseIncident } from './incident-json.ts';
import { IncidentBook, type Observed } from './incidents.ts';
import { maxSeverity, severityOf } from './severity.ts';
import type { DriftReason } from './verdict.ts';

const instance = { id: 'c1', node: 'n1', pod: 'cart-1', startedAt: 1 } as const;
const at = (pid: number): ProcessRef => ({ pid, start: pid * 10 });
const dropped: Actor = { root: 'entrypoint', lineage: ['/usr/sbin/nginx', '/tmp/x'] };
const approval: Approval = { fingerprint: 'sha256:aa', version: 3, signedBy: 'alice', maxMode: 'kill' };

function seen(
  behaviour: Behaviour,
  because: DriftReason = 'new-program',
  more: Partial<Observed> = {},
): Observed {
  return {
    workload,
    instance,
    behaviour,
    verdict: { kind: 'drift', of: behaviour.kind, because },
    process: at(7),
    culprit: at(7),
    time: 1_000_000,
    ...more,
  };
}

const exec: Behaviour = { ...dropped, kind: 'exec', args: ['/tmp/x'], origin: 'upper' };
const connect: Behaviour = { ...dropped, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 4444 };
const file = (path: string): Behaviour => ({ ...dropped, kind: 'open', path, access: 'read' });

describe('IncidentBook', () => {
  it('tells one story of what one culprit and its descendants do', () => {
    const book = new IncidentBook();
    const first = book.add(seen(exec, 'new-program', { approval }));
    book.add(seen(connect, 'new-program', { process: at(8), time: 9_000_000 }));
    const last = book.add(seen(file('/etc/shadow'), 'new-program', { process: at(9), time: 99_000_000 }));
    expect(last?.id).toBe(first?.id);
    expect(last).toMatchObject({
      severity: 'critical',
      kinds: ['exec', 'open', 'connect'],
      first: 1_000_000,
      last: 99_000_000,
      culprit: at(7),
      approval,
      sentence:
        '`nginx` of shop/cart started `/tmp/x` (not in the image), which read `/etc/shadow` and connected to localhost:4444; version 3, approved by alice, does not know this',
    });
    expect(book.open()).toHaveLength(1);
  });

  it('joins what begins together on one instance, and only there', () => {
    const book = new IncidentBook();
    const a = book.add(seen(exec));
    const other: Behaviour = {
      ...dropped,
      lineage: ['/usr/sbin/nginx', '/bin/sh'],
      kind: 'exec',
      args: ['sh'],
    };
    const together = book.add(
      seen(other, 'new-program', { process: at(20), culprit: at(20), time: 1_900_000 }),
    );
    expect(together?.id).toBe(a?.id);
    const elsewhere = { ...instance, id: 'c2' };
    const b = book.add(seen(exec, 'new-program', { instance: elsewhere }));
    expect(b?.id).not.toBe(a?.id);
    const later = book.add(
      seen({ ...other, args: ['sh', '-i'] }, 'new-program', {
        process: at(30),
        culprit: at(30),
        time: 60_000_000,
      }),
    );
    expect(later?.id).not.toBe(a?.id);
    expect(book.open()).toHaveLength(3);
  });

  it('keeps two requests through one hole apart, though the first still acts', () => {
    const book = new IncidentBook();
    const request = (n: number, time: number): Observed =>
      seen({ ...exec, args: ['/tmp/x', String(n)] }, 'new-program', {
        process: at(n),
        culprit: at(n),
        time,
      });
    const first = book.add(request(10, 1_000_000));
    book.add(seen(connect, 'new-program', { process: at(11), culprit: at(10), time: 2_400_000 }));
    const second = book.add(request(20, 2_460_000));
    expect(second?.id).not.toBe(first?.id);
    expect(book.open()).toHaveLength(2);
  });

  it('tells a scan by many short processes as one, however long it takes', () => {
    const book = new IncidentBook();
    for (let n = 0; n < 500; n++)
      book.add(
        seen({ ...connect, peer: `10.0.${n >> 8}.${n & 255}` }, 'new-peer', {
          process: at(1000 + n),
          culprit: at(1000 + n),
          time: 1_000_000 + n * 700_000,
        }),
      );
    const [incident, ...others] = book.open();
    expect(others).toEqual([]);
    expect((incident?.drifts.length ?? 0) + (incident?.more ?? 0)).toBe(500);
  });

  it('takes what arrives late into the incident it belongs to', () => {
    const book = new IncidentBook();
    const first = book.add(seen(exec));
    const late = book.add(seen(file('/late'), 'new-file', { process: at(5), culprit: at(5), time: 100_000 }));
    expect(late).toMatchObject({ id: first?.id, first: 100_000, last: 1_000_000 });
  });

  it('is about the foreign program, not about the known one that dropped and started it', () => {
    const book = new IncidentBook();
    const service = { root: 'entrypoint', lineage: ['/usr/sbin/nginx'] } as const;
    const own = { process: at(1), culprit: at(1) };
    const drop: Behaviour = { ...service, kind: 'open', path: '/tmp/x', access: 'create' };
    expect(book.add(seen(drop, 'new-file', own))).toMatchObject({ culprit: at(1) });
    expect(book.add(seen(exec))).toMatchObject({ culprit: at(7) });
    expect(book.add(seen({ ...drop, path: '/tmp/y' }, 'new-file', own))).toMatchObject({ culprit: at(7) });
    expect(
      book.add(seen({ ...exec, args: ['/tmp/x', '2'] }, 'new-program', { process: at(8), culprit: at(8) })),
    ).toMatchObject({
      culprit: at(8),
    });
    expect(book.open()).toHaveLength(1);
  });

  it('is about the intruder, not about the shell a person opened at the same time', () => {
    const book = new IncidentBook();
    const persons: Behaviour = {
      root: 'interactive',
      lineage: ['/bin/sh'],
      kind: 'exec',
      args: ['sh'],
      origin: 'image',
    };
    const person = { process: at(3), culprit: at(3) };
    expect(book.add(seen(persons, 'never-learnable', person))).toMatchObject({ culprit: at(3) });
    expect(book.add(seen(exec))).toMatchObject({ culprit: at(7) });
    const later = { ...persons, args: ['sh', '-l'] };
    expect(book.add(seen(later, 'never-learnable', { process: at(4), culprit: at(4) }))).toMatchObject({
      culprit: at(7),
    });
  });

  it('says that the same thing was started again, and names the living culprit', () => {
    const book = new IncidentBook();
    const first = book.add(seen(exec));
    const again = book.add(seen(exec, 'new-program', { process: at(50), culprit: at(50), time: 60_000_000 }));
    expect(again).toMatchObject({ id: first?.id, culprit: at(50) });
    expect(again?.drifts).toHaveLength(1);
    expect(again?.drifts[0]).toMatchObject({ count: 2, process: at(7), first: 1_000_000, last: 60_000_000 });
  });

  it('is silent while only counts grow, and counts exactly', () => {
    const book = new IncidentBook();
    const id = book.add(seen(exec))?.id ?? '';
    expect(book.add(seen(file('/a')))).toBeDefined();
    for (let i = 0; i < 10; i++) expect(book.add(seen(file('/a')))).toBeUndefined();
    expect(book.get(id)?.drifts.map((d) => d.count)).toEqual([1, 11]);
  });

  it('never lets trivial files displace what matters, whatever the order', () => {
    const trivial = Array.from({ length: 500 }, (_, i) => seen(file(`/srv/${i}`)));
    const grave = [
      seen(exec),
      seen(file('/etc/shadow')),
      seen({ ...connect, peer: 'evil.example' }),
      seen({ ...dropped, kind: 'privilege', privilege: 'setns' }),
    ];
    for (const order of [
      [...trivial, ...grave],
      [...grave, ...trivial],
    ]) {
      const book = new IncidentBook();
      for (const o of order) book.add(o);
      const [incident] = book.open();
      expect(incident?.drifts).toHaveLength(maxDrifts);
      expect(incident?.drifts.slice(0, 4).map((d) => d.kind)).toEqual([
        'privilege',
        'exec',
        'open',
        'connect',
      ]);
      const counted = (incident?.drifts ?? []).reduce((n, d) => n + d.count, incident?.more ?? 0);
      expect(counted).toBe(order.length);
    }
  });

  it('always has the gravest of all there were on top, and counts every one', () => {
    const reasons = fc.constantFrom<DriftReason>('new-program', 'new-lineage', 'new-file', 'sensitive-file');
    const drift = fc.record({ b: arbBehaviour, because: reasons, time: fc.nat({ max: 900_000 }) });
    fc.assert(
      fc.property(fc.array(drift, { minLength: 1, maxLength: 120 }), (drifts) => {
        const book = new IncidentBook();
        for (const { b, because, time } of drifts) book.add(seen(b, because, { time }));
        const [incident] = book.open();
        const worst = maxSeverity(drifts.map(({ b, because }) => severityOf(b, because, false)));
        expect(incident?.drifts[0]?.severity).toBe(worst);
        expect(incident?.severity).toBe(worst);
        const counted = (incident?.drifts ?? []).reduce((n, d) => n + d.count, incident?.more ?? 0);
        expect(counted).toBe(drifts.length);
      }),
      { seed: 20_26, numRuns: 300 },
    );
  });

  it('holds a bounded number of incidents and culprits', () => {
    const book = new IncidentBook({ maxOpen: 10, togetherUs: 0 });
    for (let i = 0; i < 100; i++)
      book.add(seen(exec, 'new-program', { instance: { ...instance, id: `c${i}` }, time: i }));
    expect(book.open()).toHaveLength(10);
    expect(book.evicted).toBe(90);
    for (let i = 0; i < 1000; i++) book.add(seen(exec, 'new-program', { process: at(i), culprit: at(i) }));
    expect(book.open()).toHaveLength(10);
  });

  it('turns critical when Whorl acted', () => {
    const book = new IncidentBook();
    const incident = book.add(seen(file('/a'), 'new-file', { provisional: true }));
    expect(incident?.severity).toBe('low');
    expect(book.acted(incident?.id ?? '')?.severity).toBe('critical');
    expect(book.acted('x')).toBeUndefined();
  });

  it('closes by id and by quiet', () => {
    const book = new IncidentBook();
    const id = book.add(seen(exec))?.id ?? '';
    expect(book.closeQuiet(1_000_000)).toEqual([]);
    expect(book.closeQuiet(1_000_001).map((i) => i.id)).toEqual([id]);
    expect(book.close(id)).toBeUndefined();
    expect(book.get(id)).toBeUndefined();
    expect(book.add(seen(exec))?.drifts[0]?.count).toBe(1);
  });

  it('gives drifts keys without node, pod or process', () => {
    const keyOf = (o: Observed): string | undefined => new IncidentBook().add(o)?.drifts[0]?.key;
    const key = keyOf(seen(exec, 'new-program', { sha256: 'aa' }));
    const moved = {
      instance: { ...instance, id: 'c9', node: 'n9' },
      process: at(99),
      culprit: at(99),
      time: 5,
    };
    expect(keyOf(seen(exec, 'new-program', { ...moved, sha256: 'aa' }))).toBe(key);
    expect(keyOf(seen(exec, 'new-program', { sha256: 'bb' }))).not.toBe(key);
    expect(keyOf(seen(exec, 'new-program', { workload: { ...workload, owner: 'Deployment/db' } }))).not.toBe(
      key,
    );
  });

  it('takes even names that are no well-formed text', () => {
    expect(new IncidentBook().add(seen(file('/srv/\ud800')))?.sentence).toContain('\\u{d800}');
  });

  it('makes incidents every reader accepts and every terminal can show', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour, { minLength: 1, maxLength: 40 }), (bs) => {
        const book = new IncidentBook();
        for (const b of bs) book.add(seen(b));
        for (const incident of book.open()) {
          expect(parseIncident(JSON.parse(JSON.stringify(incident)), 'x')).toEqual(incident);
          expect(incident.sentence).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });

  it('does not depend on chance: the same observations give the same bytes', () => {
    fc.assert(
      fc.property(fc.array(arbBehaviour, { maxLength: 40 }), (bs) => {
        const run = (): string => {
          const book = new IncidentBook();
          for (const b of bs) book.add(seen(b));
          return JSON.stringify(book.open());
        };
        expect(run()).toBe(run());
      }),
    );
  });
});
