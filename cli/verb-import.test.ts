import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseBaseline } from '../fingerprint/parse-fingerprint.ts';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { readYaml } from './import-yaml.ts';
import { main } from './main.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../test/fixtures/import/${name}`, import.meta.url), 'utf8');
const files = {
  'rad.json': fixture('rad.json'),
  'profile.yaml': fixture('application-profile.yaml'),
  'clock.yaml': fixture('container-profile.yaml'),
  'broken.yaml': 'kind: [',
};
const digest = (c: string): string => `sha256:${c.repeat(64)}`;

async function run(...argv: readonly string[]): Promise<FakeIo> {
  const io = fakeIo(files);
  await main(['import', ...argv], io);
  return io;
}

describe('import', () => {
  it('writes a baseline and says what is in it and what is not', async () => {
    const io = await run('rad', 'rad.json', '--out', 'store.json');
    expect(io.exitCode).toBe(0);
    expect(io.stderr[0]).toBe(
      'imported 5 programs, 13 files, 3 peers; left out: 1 pattern that would accept anything (/*); 1 pattern that has no exact counterpart (/srv/*-part/x)',
    );
    const baseline = parseBaseline(JSON.parse(Buffer.from(io.files.get('store.json') ?? []).toString()));
    expect(baseline.subject).toEqual({ name: 'registry.example/shop/store', digest: digest('1') });
  });

  it('takes one container of several, and its image from the file', async () => {
    const io = await run('kubescape', 'profile.yaml', '--container', 'gate', '--out', 'gate.json', '--json');
    expect(io.exitCode).toBe(0);
    expect(JSON.parse(io.stdout[0] ?? '')).toMatchObject({
      subject: { name: 'registry.example/shop/gate', digest: digest('2') },
      coverage: ['connect', 'exec', 'open'],
      programs: 3,
      peers: 3,
    });
  });

  it('writes nothing in a dry run', async () => {
    const io = await run('rad', 'rad.json', '--out', 'store.json', '--dry-run');
    expect([io.exitCode, io.files.has('store.json'), io.stderr[0]]).toEqual([
      0,
      false,
      expect.stringMatching(/^would import 5 programs/),
    ]);
  });

  it('lets the option say which image it was', async () => {
    const image = `shop/clock@${digest('5')}`;
    const io = await run('kubescape', 'clock.yaml', '--image', image, '--out', 'clock.json', '--json');
    expect(JSON.parse(io.stdout[0] ?? '').subject).toEqual({ name: 'shop/clock', digest: digest('5') });
  });

  it.each<[string, readonly string[], RegExp]>([
    [
      'no container is chosen',
      ['kubescape', 'profile.yaml'],
      /several containers: gate, prepare; say which with --container/,
    ],
    [
      'there is none of that name',
      ['rad', 'rad.json', '--container', 'x'],
      /holds no container called so; it holds store/,
    ],
    [
      'nobody says which image',
      ['kubescape', 'clock.yaml'],
      /does not name the image by its digest; .* --image/,
    ],
    ['the image is no reference', ['rad', 'rad.json', '--image', 'store:1'], /--image.*NAME@sha256:HEX/],
    ['the format is unknown', ['sysdig', 'rad.json'], /must be one of rad, kubescape/],
    ['the file is another format', ['rad', 'profile.yaml'], /profile.yaml.*JSON_SYNTAX/],
    ['the file is broken', ['kubescape', 'broken.yaml'], /broken.yaml: cannot be read as YAML/],
  ])('says what is wrong when %s', async (_name, argv, message) => {
    const io = await run(...argv, '--out', 'x.json');
    expect([io.exitCode, io.stderr.at(-1)]).toEqual([2, expect.stringMatching(message)]);
    expect(io.files.has('x.json')).toBe(false);
  });
});

describe('readYaml', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);

  it('follows no alias: nine in a row are a billion copies', () => {
    const bomb = `a: &a [x, x]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [*${i === 0 ? 'a' : `b${i - 1}`}, *${i === 0 ? 'a' : `b${i - 1}`}]`).join('\n')}\n`;
    expect(() => readYaml(bytes(bomb))).toThrowError(expect.objectContaining({ code: 'SCHEMA' }));
  });

  it.each<[string, string]>([
    ['a member twice', 'a: 1\na: 2'],
    ['more documents than anybody keeps in one file', 'a: 1\n---\n'.repeat(20)],
    ['nothing', ''],
  ])('refuses %s', (_name, text) =>
    expect(() => readYaml(bytes(text))).toThrowError(expect.objectContaining({ code: 'SCHEMA' })),
  );

  it('makes nothing but plain values of tags', () => {
    expect(readYaml(bytes('a: !!binary aGk=\nb: 2026-01-01'))).toEqual([{ a: 'aGk=', b: '2026-01-01' }]);
  });
});
