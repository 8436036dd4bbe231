import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseReport, reportBytes } from '../../fingerprint/report-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { aGap, aNovelty, anIncident, anInstance, aSupport, shop } from '../../test/fakes/reports.ts';
import { readRecord } from './read-record.ts';

const from = { node: 'node-1', cluster: 'local' };
const bytes = (text: string) => new TextEncoder().encode(text);

describe('readRecord', () => {
  it.each([
    aNovelty(0),
    aSupport([1]),
    anInstance('x'),
    aGap,
    { type: 'incident', incident: anIncident() } as const,
  ])('reads a $type', (report) => {
    const json = reportBytes(report);
    expect(readRecord(report.type, json, from)).toEqual({ report, text: Buffer.from(json).toString() });
  });

  it.each<[string, string, Uint8Array, RegExp]>([
    ['no JSON', 'gap', bytes('{'), /JSON_SYNTAX/],
    ['a duplicate member', 'gap', bytes('{"type":"gap","type":"gap"}'), /JSON_SYNTAX/],
    ['no UTF-8', 'gap', Uint8Array.of(0xff), /NOT_UTF8/],
    [
      'an unknown member',
      'gap',
      bytes('{"type":"gap","since":1,"until":2,"lost":0,"reason":"x","more":1}'),
      /SCHEMA/,
    ],
    ['nesting without end', 'gap', bytes(`${'['.repeat(100)}${']'.repeat(100)}`), /SCHEMA/],
    ['another kind than it says', 'novelty', reportBytes(aGap), /kind novelty holds a gap/],
    [
      'the instance of another node',
      'instance',
      reportBytes(anInstance('x', 'started', 'node-2')),
      /another node/,
    ],
    [
      'the incident of another node',
      'incident',
      reportBytes({
        type: 'incident',
        incident: anIncident({ instance: { id: 'i', node: 'node-2', startedAt: 1 } }),
      }),
      /another node/,
    ],
    [
      'a workload of another cluster',
      'incident',
      reportBytes({ type: 'incident', incident: anIncident({ workload: { ...shop, cluster: 'b' } }) }),
      /another cluster/,
    ],
  ])('refuses with a reason %s', (_name, kind, json, reason) => {
    expect(readRecord(kind, json, from)).toMatchObject({ refused: expect.stringMatching(reason) });
  });

  it('reads what is spelled another way than agents write it, and keeps it as it came', () => {
    const spaced = JSON.stringify(aGap, null, 1).replace('ring', '\\u0072ing');
    expect(readRecord('gap', bytes(spaced), from)).toEqual({ report: aGap, text: spaced });
  });

  it.each([
    '{"type":"gap","since":1,"until":2,"lost":0,"reason":"\\ud800"}',
    '{"type":"gap","since":1.0,"until":2,"lost":1e400,"reason":"x"}',
    '1 1',
    '',
  ])('refuses %s as the strict parser does', (text) => {
    expect(readRecord('gap', bytes(text), from)).toHaveProperty('refused');
  });

  it('answers as the strict parser for any small document', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json({ maxDepth: 3 }),
          fc.string({ unit: fc.constantFrom('"', '{', '}', ':', ',', 'a', '1', '\\', 'u', 'd', '8', '0') }),
        ),
        (text) => {
          const strict = attempt(() => parseReport(parseJson(bytes(text), { depth: 16 })));
          const read = readRecord('gap', bytes(text), from);
          expect('report' in read).toBe(strict !== undefined);
        },
      ),
    );
  });
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
