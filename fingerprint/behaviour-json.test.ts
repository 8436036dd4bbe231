import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbBehaviour } from '../test/fakes/behaviours.ts';
import { parseBehaviour } from './behaviour-json.ts';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('behaviours', () => {
  it('come back unchanged', () => {
    fc.assert(
      fc.property(arbBehaviour, (b) => {
        expect(parseBehaviour(json(b))).toEqual(b);
      }),
    );
  });

  it.each<[string, object]>([
    ['lineage', { root: 'entrypoint', lineage: [], kind: 'delete', path: '/a' }],
    ['lineage[0]', { root: 'entrypoint', lineage: [''], kind: 'delete', path: '/a' }],
    ['root', { root: 'x', lineage: ['/a'], kind: 'delete', path: '/a' }],
    ['path', { root: 'entrypoint', lineage: ['/a'], kind: 'delete', path: '' }],
    ['to', { root: 'entrypoint', lineage: ['/a'], kind: 'delete', path: '/a', to: '/b' }],
    ['port', { root: 'entrypoint', lineage: ['/a'], kind: 'listen', transport: 'tcp', port: -2 }],
  ])('are refused with the field %s', (field, value) => {
    expect(() => parseBehaviour(value)).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });
});
