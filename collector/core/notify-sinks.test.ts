import { describe, expect, it } from 'vitest';
import type { Notice } from './notice.ts';
import { readSinks, type SinkKind } from './notify-sinks.ts';
import { isWanted, type SinkFilter } from './sink-filter.ts';

const toFile: SinkKind<string> = { type: 'file', open: (settings) => settings.text('path', 'a file') };
const read = (value: unknown) => readSinks(value, [toFile]);

describe('the sinks of the configuration', () => {
  it('are read with their filters', () => {
    const entry = {
      name: 'ops',
      type: 'file',
      path: '/x',
      minSeverity: 'high',
      types: ['loss'],
      namespaces: ['shop'],
    };
    expect(read([entry])).toEqual({
      sinks: [
        {
          name: 'ops',
          type: 'file',
          notifier: '/x',
          filter: { minSeverity: 'high', types: ['loss'], namespaces: ['shop'] },
        },
      ],
      problems: [],
    });
  });

  it('are refused with every problem and its path', () => {
    const { problems } = read([
      { name: 'Ops!', type: 'file', path: '/x', minSeverity: 'grave' },
      { name: 'a', type: 'fax' },
      { name: 'a', type: 'file', path: 7, types: ['incident.closed'], namespaces: [], '\u001b[2J': 1 },
      'file',
    ]);
    expect(problems).toEqual([
      'notify[0].name must be lower-case letters, digits and hyphens, at most 63',
      'notify[0].minSeverity must be one of low, medium, high, critical',
      'notify[1].type must be one of file',
      "notify[2].name is a, as another sink's is; what waits is kept by name",
      expect.stringContaining('notify[2].types must be a list of 1 to 64 of incident.opened'),
      'notify[2].namespaces must be a list of 1 to 64 names of namespaces',
      'notify[2].path must be a file',
      'notify[2].\\x1b[2J is not known here; known are name, minSeverity, types, namespaces, type, path',
      'notify[3] must be an object such as {"name": "file", "type": "jsonlines", "path": "-"}',
    ]);
  });

  it('are a list', () => {
    expect(read({}).problems).toEqual(['notify must be a list of at most 32 sinks']);
  });
});

describe('what a sink is told', () => {
  const notice = (over: Partial<Notice>): Notice => ({
    id: 'm',
    type: 'incident.opened',
    time: 1,
    severity: 'medium',
    key: 'k',
    title: 't',
    link: '/',
    data: {},
    ...over,
  });
  const workload = { cluster: 'c', namespace: 'shop', owner: 'o', container: 'x', image: 'i' };
  it.each<[string, SinkFilter, Partial<Notice>, boolean]>([
    ['everything, when nothing is said', {}, {}, true],
    ['what is grave enough', { minSeverity: 'medium' }, {}, true],
    ['not what is milder', { minSeverity: 'high' }, {}, false],
    ['types that were named', { types: ['loss'] }, { type: 'loss' }, true],
    ['no others', { types: ['loss'] }, {}, false],
    ['its namespaces', { namespaces: ['shop'] }, { workload }, true],
    ['no others’', { namespaces: ['pay'] }, { workload }, false],
    ['not the system, when it is for namespaces', { namespaces: ['shop'] }, { type: 'store.failing' }, false],
    [
      'always what was dropped',
      { minSeverity: 'critical', types: ['loss'], namespaces: ['x'] },
      { type: 'notices.dropped' },
      true,
    ],
  ])('%s', (_name, filter, over, isTold) => {
    expect(isWanted(filter, notice(over))).toBe(isTold);
  });
});
