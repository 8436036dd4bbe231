import { describe, expect, it } from 'vitest';
import { commandOf } from './image.ts';
import { layersOf } from './layers.ts';
import { commandOfSpec, probesOf } from './told.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('the label whorl.dev/probes', () => {
  it.each<[string | undefined, readonly (readonly string[])[]]>([
    ['[["sh","-c","true"],["/bin/check"]]', [['sh', '-c', 'true'], ['/bin/check']]],
    ['[]', []],
    [undefined, []],
    ['', []],
    ['["sh"]', []],
    ['[["sh"],[1]]', []],
    ['[[]]', []],
    ['{"a":1}', []],
    ['[["sh"]', []],
    [JSON.stringify(Array.from({ length: 17 }, () => ['sh'])), []],
    [JSON.stringify([['x'.repeat(70_000)]]), []],
  ])('%s', (label, expected) => expect(probesOf(label)).toEqual(expected));
});

describe('the command of a specification', () => {
  it.each<[string, Uint8Array, readonly string[] | undefined]>([
    [
      'is its process',
      bytes({ ociVersion: '1.1', process: { args: ['/cart', 'serve'] } }),
      ['/cart', 'serve'],
    ],
    ['is unknown without one', new Uint8Array(), undefined],
    ['is unknown without arguments', bytes({ process: {} }), undefined],
    ['is unknown when it is none', bytes({ process: { args: [] } }), undefined],
    ['is unknown when it is no text', bytes({ process: { args: [1] } }), undefined],
    ['is unknown when it is no JSON', new TextEncoder().encode('{'), undefined],
  ])('%s', (_what, spec, expected) => expect(commandOfSpec(spec)).toEqual(expected));
});

describe('the health check of an image', () => {
  it.each<[readonly string[], readonly string[] | undefined]>([
    [
      ['CMD', '/bin/check', '-q'],
      ['/bin/check', '-q'],
    ],
    [
      ['CMD-SHELL', 'curl -f localhost'],
      ['/bin/sh', '-c', 'curl -f localhost'],
    ],
    [['NONE'], undefined],
    [['CMD'], undefined],
    [[], undefined],
  ])('%j', (test, expected) => expect(commandOf(test)).toEqual(expected));
});

it('takes the layers of an overlay, and not what was written into it', () => {
  const options = ['index=off', 'workdir=/s/3/work', 'upperdir=/s/3/fs', 'lowerdir=/s/2/fs:/s/1/fs:relative'];
  expect(layersOf([{ type: 'overlay', options }])).toEqual(['/s/2/fs', '/s/1/fs']);
  expect(layersOf([{ type: 'bind', options: ['lowerdir=/x'] }])).toEqual([]);
});
