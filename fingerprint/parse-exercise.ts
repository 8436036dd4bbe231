import { maxArgs, readPort } from './behaviour-json.ts';
import { accesses, transports } from './event.ts';
import { type Exercise, type Expectation, exerciseModes } from './fingerprint.ts';
import { maxExpectations } from './limits.ts';
import { ObjectReader, readFilled, readText } from './object-reader.ts';

/** Reads what one mode of a workload is expected to show. @throws SCHEMA */
export function parseExercise(value: unknown, field: string): Exercise {
  const r = new ObjectReader(value, field);
  return r.end({
    mode: r.word('mode', exerciseModes),
    expects: r.list('expects', parseExpectation, maxExpectations),
  });
}

function parseExpectation(value: unknown, field: string): Expectation {
  const r = new ObjectReader(value, field);
  const act = r.word('do', ['exec', 'open', 'connect', 'listen', 'resolve'] as const);
  const filled = (name: string): string => r.value(name, readFilled);
  switch (act) {
    case 'exec':
      return r.end({
        do: act,
        exe: filled('exe'),
        ...r.optional('args', () => r.list('args', readText, maxArgs)),
      });
    case 'open':
      return r.end({ do: act, path: filled('path'), access: r.word('access', accesses) });
    case 'connect':
      return r.end({
        do: act,
        peer: filled('peer'),
        ...r.optional('port', () => r.value('port', readPort)),
      });
    case 'listen':
      return r.end({ do: act, transport: r.word('transport', transports), port: r.value('port', readPort) });
    case 'resolve':
      return r.end({ do: act, name: filled('name') });
  }
}
