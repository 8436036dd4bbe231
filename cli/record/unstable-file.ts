import { reviewedJson } from '../../fingerprint/baseline-text.ts';
import { maxEntries } from '../../fingerprint/limits.ts';
import { ObjectReader, readText, refuse } from '../../fingerprint/object-reader.ts';
import { compareText } from '../../fingerprint/program.ts';
import type { Unstable } from './learn-runs.ts';

/** Entries of which a recording may or may not show one, by file: what the next one does not show stays. */
export type UnstableFile = ReadonlyMap<string, readonly Pick<Unstable, 'id' | 'sentence'>[]>;

/** Far more than a project has images. */
const maxFiles = 1024;

/** @throws SCHEMA */
export function parseUnstable(value: unknown): UnstableFile {
  const r = new ObjectReader(value, '');
  r.word('format', ['whorl-unstable/v1'] as const);
  return r.end(r.value('images', readImages));
}

function readImages(value: unknown, field: string): UnstableFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(field, 'must be an object');
  const names = Object.keys(value);
  if (names.length > maxFiles) return refuse(field, `has more than ${maxFiles} members`);
  const r = new ObjectReader(value, field);
  return r.end(new Map(names.map((name) => [name, r.list(name, readEntry, maxEntries)])));
}

function readEntry(value: unknown, field: string): { id: string; sentence: string } {
  const r = new ObjectReader(value, field);
  const entry = r.end({
    id: r.text('id', 12),
    sentence: r.value('sentence', (v, f) => readText(v, f, 2048)),
  });
  return /^[0-9a-f]{12}$/.test(entry.id) ? entry : refuse(r.field('id'), 'must be the id of an entry');
}

/** With what a further recording found; sorted, so that the same knowledge is the same bytes. */
export function unstableText(known: UnstableFile): string {
  const images = [...known]
    .filter(([, entries]) => entries.length > 0)
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, entries]): [string, unknown] => [
      name,
      entries
        .toSorted((a, b) => compareText(a.sentence, b.sentence) || compareText(a.id, b.id))
        .map(({ id, sentence }) => ({ id, sentence })),
    ]);
  return reviewedJson({ format: 'whorl-unstable/v1', images: Object.fromEntries(images) });
}
