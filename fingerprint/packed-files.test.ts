import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compactProgram } from './compact.ts';
import { origins } from './event.ts';
import { type FileAct, type FileEntry, fileActs, type Program } from './fingerprint.ts';
import { PackedFiles } from './packed-files.ts';
import { PathPatterns } from './path-patterns.ts';
import { imageLeaf } from './pattern-names.ts';

const name = fc.oneof(
  fc.constantFrom(
    '/a',
    '/a/b',
    '/a/c',
    '/etc/hosts',
    '/data/{any}',
    '/data/icon-{hex}.png',
    '/usr/{image}',
    `/usr/${imageLeaf}`,
  ),
  fc.constantFrom('/data/é', '/data/\u{1f980}', '/data/\ud800', `/long/${'x'.repeat(300)}`),
);
const acts = fc.uniqueArray(fc.constantFrom(...fileActs), { minLength: 1, maxLength: 3 });
const entry: fc.Arbitrary<FileEntry> = fc
  .record({ path: name, access: acts, to: fc.option(name), origin: fc.option(fc.constantFrom(...origins)) })
  .map(({ path, access, to, origin }) => ({
    path,
    access,
    ...(to === null ? {} : { to }),
    ...(origin === null ? {} : { origin }),
  }));

/** Entry by entry, as the format says it. */
class Plain {
  readonly #files: readonly FileEntry[];

  constructor(files: readonly FileEntry[]) {
    this.#files = files;
  }

  holds(act: FileAct, path: string, to: string | undefined): boolean {
    return this.#files.some((f) => f.path === path && f.to === to && f.access.includes(act));
  }

  grants(act: FileAct, path: string, to: string | undefined): boolean {
    return this.#files.some((f) => f.path === path && f.to === to && literal(f).includes(act));
  }

  knows(path: string): boolean {
    return this.#files.some((f) => f.path === path && literal(f).length > 0);
  }

  loads(path: string): readonly unknown[] {
    return this.#files.filter((f) => f.path === path && f.access.includes('load')).map((f) => f.origin);
  }
}

/** What an entry grants to what is called exactly so. */
function literal({ path, to, access }: FileEntry): readonly FileAct[] {
  if (path.endsWith(`/${imageLeaf}`)) return [];
  const isPattern = (to === undefined ? [path] : [path, to]).some(PathPatterns.isPattern);
  return isPattern ? access.filter((act) => act === 'load' || act === 'link') : access;
}

describe('packed file entries', () => {
  it('answer as the entries themselves would', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), name, fc.option(name), (files, path, other) => {
        const packed = new PackedFiles(files);
        const plain = new Plain(files);
        const to = other ?? undefined;
        expect([...packed.entries()]).toEqual(files);
        expect(packed.knows(path)).toBe(plain.knows(path));
        for (const act of fileActs) {
          expect(packed.holds(act, path, to)).toBe(plain.holds(act, path, to));
          expect(packed.grants(act, path, to)).toBe(plain.grants(act, path, to));
        }
      }),
      { seed: 5 },
    );
  });

  it('tell where what is loaded comes from', () => {
    const loaded = entry.map(({ to: _none, ...f }) => f);
    fc.assert(
      fc.property(fc.array(loaded, { maxLength: 20 }), name, (files, path) => {
        const origins = new PackedFiles(files).loads(path) ?? [];
        expect([...origins].sort()).toEqual([...new Plain(files).loads(path)].sort());
      }),
      { seed: 6 },
    );
  });

  it('take 60 bytes an entry at most, where names have 40', () => {
    const files = Array.from(
      { length: 2_000 },
      (_, i): FileEntry => ({
        path: `/srv/app/node_modules/${String(i).padStart(5, 'x')}/lib/a.js`,
        access: ['read'],
      }),
    );
    expect(new PackedFiles(files).size / files.length).toBeLessThan(60);
  });
});

it('a compact program has the files it had', () => {
  const files: FileEntry[] = [
    { path: '/a', access: ['read'] },
    { path: '/b', access: ['load'], origin: 'image' },
  ];
  const program: Program = {
    id: 'p0',
    root: 'entrypoint',
    parents: ['#entrypoint'],
    exe: '/bin/a',
    origins: [],
    args: [],
    env: [],
    files,
    network: [],
    privileges: [],
  };
  const compact = compactProgram(program);
  expect(compact).toEqual(program);
  expect({ ...compact }.files).toEqual(files);
  expect(JSON.stringify(compact)).toBe(JSON.stringify(program));
  expect(compactProgram(compact)).toBe(compact);
});
