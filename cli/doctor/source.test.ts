import { describe, expect, it } from 'vitest';
import { isNeeded, sourceFindings } from './source.ts';

const agent = (source: unknown) => ({ source });

describe('what doctor says of the source', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['nothing runs', undefined, []],
    ['another version runs', agent('sensor'), []],
    [
      'it delivers',
      agent({ name: 'tracee', version: 'v1', state: 'delivering' }),
      ['ok the agent is fed by tracee v1'],
    ],
    ['it was not there yet', agent({ name: 'falco', state: 'starting' }), ['poor the agent waits for falco']],
    [
      'it is away',
      agent({ name: 'tracee', version: '\u001b[2J', state: 'away', reason: 'nobody\u0007 listens' }),
      ['missing tracee \\x1b[2J delivers nothing: nobody\\x07 listens'],
    ],
  ])('when %s', (_, status, expected) => {
    expect(sourceFindings(status).map((f) => `${f.state} ${f.what}`)).toEqual(expected);
  });
});

it('asks for what the sensor needs only where the sensor is the source, or nobody says', () => {
  const needed = (status: unknown) =>
    ['kernel', 'btf', 'compiler', 'sensor'].filter((id) => isNeeded(id, status));
  expect(needed(undefined)).toEqual(['kernel', 'btf', 'compiler', 'sensor']);
  expect(needed(agent({ name: 'sensor' }))).toEqual(['kernel', 'btf', 'compiler', 'sensor']);
  expect(needed(agent({ name: 'tracee' }))).toEqual(['kernel']);
});
