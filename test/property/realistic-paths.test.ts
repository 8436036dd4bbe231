import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import type { Origin } from '../../fingerprint/event.ts';
import { generalise, generalisePath } from '../../fingerprint/generalise.ts';
import { hasAnchor } from '../../fingerprint/generalise-path.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import { learn, learnReport } from '../../fingerprint/learn.ts';
import { merge } from '../../fingerprint/merge.ts';
import { parseBaseline } from '../../fingerprint/parse-fingerprint.ts';
import { isNamedLikePattern } from '../../fingerprint/pattern-names.ts';
import { isSensitivePath, learnable } from '../../fingerprint/sensitive.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { aboutAll, subject } from '../fakes/behaviours.ts';
import { ordinaryPaths, sensitivePaths } from '../fakes/realistic-paths.ts';

const app = { root: 'entrypoint', lineage: ['/app'] } as const;
const all = [...ordinaryPaths, ...sensitivePaths];
const acts = ['read', 'write', 'create', 'map'] as const;

/** What one does in all ways to a path: each from another place, so that every kind of pattern gets its evidence. */
function actsOn(path: string, i: number): readonly Behaviour[] {
  const places: readonly (Origin | undefined)[] = ['image', 'volume', 'upper', undefined];
  const origin = places[i % places.length];
  const where = origin === undefined ? {} : { origin };
  return [
    ...acts.map((access): Behaviour => ({ ...app, kind: 'open', path, access, ...where })),
    { ...app, kind: 'delete', path },
    { ...app, kind: 'rename', path, to: `${path.replace(/\/[^/]*$/, '')}/renamed-${i}.tmp` },
  ];
}

const general = (b: Behaviour): Behaviour => generalise(b, {});

describe('over thousands of realistic paths', () => {
  it('there are thousands', () => {
    expect(ordinaryPaths.length).toBeGreaterThan(5_000);
    expect(sensitivePaths.length).toBeGreaterThan(700);
    expect(sensitivePaths.filter((path) => !isSensitivePath(path))).toEqual([]);
    expect(ordinaryPaths.filter(isSensitivePath)).toEqual([]);
  });

  it('generalising twice changes nothing, and nothing loses its last literal part', () => {
    for (const path of all) {
      for (const act of ['read', 'write', 'delete'] as const) {
        const once = generalisePath(path, {}, act);
        expect(generalisePath(once, {}, act)).toBe(once);
        expect(hasAnchor(once), path).toBe(true);
        expect(isSensitivePath(once), path).toBe(isSensitivePath(path));
      }
    }
  });

  const halves = [0, 1].map((half) => sensitivePaths.filter((_, i) => i % 2 === half));
  const [seen = [], unseen = []] = halves;
  const taught = [...ordinaryPaths, ...seen].flatMap(actsOn);
  const report = learnReport(subject, taught, aboutAll);
  const index = indexBehaviour(report.baseline);

  it('no pattern accepts a sensitive path that was not observed', () => {
    // A dated directory behind `..data` is another name of a file that was.
    const known = new Set(seen.flatMap((path) => acts.map((act) => generalisePath(path, {}, act))));
    let asked = 0;
    for (const b of unseen.flatMap(actsOn).map(general)) {
      if (!('path' in b) || known.has(b.path)) continue;
      asked += 1;
      expect(judge(b, index).kind, `${b.kind} ${b.path}`).toBe('drift');
    }
    expect(asked).toBeGreaterThan(1_500);
  });

  it('what was observed is accepted', () => {
    for (const b of taught.map(general).filter(learnable))
      expect(judge(b, index)).toEqual({ kind: 'expected' });
  });

  it('no pattern lacks a literal anchor, and readers accept each', () => {
    const entries = report.baseline.behaviour.programs.flatMap((p) => p.files);
    const patterns = entries.filter((f) => isNamedLikePattern(f.path));
    expect(patterns.length).toBeGreaterThan(30);
    expect(report.dataDirectories.length).toBeGreaterThan(5);
    expect(report.siblingClasses.length).toBeGreaterThan(5);
    for (const { path } of patterns) {
      const [, first = ''] = path.split('/');
      expect(first, path).toMatch(/^[^{}*]+$/);
      expect(hasAnchor(path), path).toBe(true);
    }
    const { baseline } = report;
    expect(parseBaseline(parseJson(canonicalBytes(baseline)))).toEqual(baseline);
  });

  it('order and split do not matter', () => {
    const bytes = (value: unknown): string => new TextDecoder().decode(canonicalBytes(value));
    const whole = bytes(report.baseline);
    expect(bytes(learn(subject, taught.toReversed(), aboutAll))).toBe(whole);
    const parts = [0, 1, 2].map((part) =>
      learn(
        subject,
        taught.filter((_, i) => i % 3 === part),
        aboutAll,
      ),
    );
    expect(bytes(parts.reduce(merge))).toBe(whole);
  }, 60_000);
});
