import { describe, expect, it } from 'vitest';
import { layersOf } from '../containerd/layers.ts';
import { checkOf, commandOfSpec, probesOf, siteLabels } from './told.ts';

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

describe("a container's labels", () => {
  it("are the site's only where the image does not say the same of itself", () => {
    const ofImage = { 'whorl.dev/probes': '[["sh"]]', 'whorl.dev/role': 'init', maintainer: 'x' };
    expect(siteLabels({ ...ofImage, 'whorl.dev/role': 'main', pod: 'a' }, ofImage)).toEqual({
      'whorl.dev/role': 'main',
      pod: 'a',
    });
    expect(siteLabels({ toString: 'a' }, {})).toEqual({ toString: 'a' });
  });

  it('are not believed about probes and roles where the image cannot be read', () => {
    expect(siteLabels({ 'whorl.dev/probes': '[["sh"]]', pod: 'a' }, undefined)).toEqual({ pod: 'a' });
  });
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
  ])('%j', (test, expected) => expect(checkOf({ Test: test })).toEqual(expected));
});

it('takes the layers of an overlay, and not what was written into it', () => {
  const options = ['index=off', 'workdir=/s/3/work', 'upperdir=/s/3/fs', 'lowerdir=/s/2/fs:/s/1/fs:relative'];
  expect(layersOf([{ type: 'overlay', options }])).toEqual(['/s/2/fs', '/s/1/fs']);
  expect(layersOf([{ type: 'bind', options: ['lowerdir=/x'] }])).toEqual([]);
});
