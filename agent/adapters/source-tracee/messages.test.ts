import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceeProto } from '../../../test/fakes/tracee-messages.ts';
import { SourceError } from '../../ports/source.ts';
import { eventsRequest, methods, metricsOf, versionOf } from './messages.ts';

const proto = traceeProto('main');
const codec = (name: string) => proto.codec(`tracee.v1beta1.${name}`);

describe('what goes beside the events', () => {
  it('is asked for by the names of the services', () => {
    expect(Object.values(methods)).toEqual([
      proto.method('tracee.v1beta1.TraceeService', 'StreamEvents').path,
      proto.method('tracee.v1beta1.TraceeService', 'GetVersion').path,
      proto.method('tracee.v1beta1.DiagnosticService', 'GetMetrics').path,
    ]);
  });

  it('asks for all policies, and for fields by their paths', () => {
    const read = (mask: readonly string[]) => codec('StreamEventsRequest').decode(eventsRequest(mask));
    expect(read([])).toMatchObject({ policies: [] });
    const paths = Array.from({ length: 30 }, (_, i) => `workload.process.field_${i}`);
    expect(read(paths)).toMatchObject({ policies: [], mask: { paths } });
  });

  it('reads the version', () => {
    expect(versionOf(codec('GetVersionResponse').encode({ version: 'v0.24.1' }))).toBe('v0.24.1');
    expect(versionOf(new Uint8Array())).toBe('');
  });

  it('reads the counters among all others, of any size', () => {
    const all = { EventCount: 2 ** 40, EventsFiltered: 3, ErrorCount: 1, LostEvCount: 300, LostWrCount: 9 };
    expect(metricsOf(codec('GetMetricsResponse').encode(all))).toEqual({ events: 2 ** 40, lost: 300 });
    expect(metricsOf(new Uint8Array())).toEqual({ events: 0, lost: 0 });
  });

  it('passes over what it does not know, of every wire type', () => {
    const unknown = ['7d01020304', '790102030405060708', '7a0161', '7803'].join('');
    expect(metricsOf(Buffer.from(`${unknown}0805`, 'hex'))).toEqual({ events: 5, lost: 0 });
  });

  it.each([
    ['a length beyond the end', '0a05'],
    ['a number without end', '08ffffffffffffffffffffff'],
    ['a number that is cut off', '08ff'],
    ['a group', '0b'],
    ['eight bytes that are three', '09010203'],
  ])('refuses %s', (_, hex) => {
    expect(() => metricsOf(Buffer.from(hex, 'hex'))).toThrow(SourceError);
  });

  it('reads anything without end or harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(metricsOf(bytes).events).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
        }
      }),
      { seed: 41, numRuns: 2_000 },
    );
  });
});
