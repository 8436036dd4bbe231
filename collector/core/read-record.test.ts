import { describe, expect, it } from 'vitest';
import { reportBytes } from '../../fingerprint/report-json.ts';
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
    expect(readRecord(report.type, reportBytes(report), from)).toEqual({ report });
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
    ['nesting without end', 'gap', bytes(`${'['.repeat(100)}${']'.repeat(100)}`), /JSON_SYNTAX/],
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
});
