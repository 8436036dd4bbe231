import type { Difference } from './diff.ts';
import type { Change } from './diff-change.ts';
import { listed } from './explain-entry.ts';
import type { Severity } from './incident.ts';
import { quoted } from './phrase.ts';

/** A difference as people read it: by program, gravest first, heaps of dull files counted instead of listed. */
export interface FoldedGroup {
  /** Executable; absent for what is said of the document as a whole. */
  readonly program?: string;
  /** Executable that starts it, or how its root came in. */
  readonly startedBy?: string;
  readonly lines: readonly FoldedLine[];
}

export interface FoldedLine {
  /** The change it tells; absent for a line that counts others. */
  readonly change?: Change;
  readonly sentence: string;
  readonly severity: Severity;
  readonly widens: boolean;
}

/** So many similar files are listed before the rest is counted. */
const listedOfHeap = 3;
/** A heap is not worth folding when the line that counts it saves fewer lines than this. */
const smallestHeap = 6;

/** @param options.all list everything, also what another line already says */
export function fold(changes: readonly Change[], options: { readonly all: boolean }): FoldedGroup[] {
  const ids = new Set(changes.map((c) => c.id));
  const shown = options.all ? changes : changes.filter((c) => c.partOf === undefined || !ids.has(c.partOf));
  const groups = new Map<string, Change[]>();
  for (const change of shown) {
    const key = [change.root, change.parent, change.program].join('\0');
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].map((group): FoldedGroup => {
    const { program, parent, root } = group[0] ?? {};
    const lines = options.all ? group.map(lineOf) : foldHeaps(group);
    return program === undefined ? { lines } : { program, startedBy: parent ?? `the ${root}`, lines };
  });
}

function lineOf(change: Change): FoldedLine {
  return { change, sentence: change.sentence, severity: change.severity, widens: change.widens };
}

function foldHeaps(group: readonly Change[]): FoldedLine[] {
  const heaps = new Map<string, Change[]>();
  for (const change of group) {
    const key = heapOf(change) ?? change.id;
    heaps.set(key, [...(heaps.get(key) ?? []), change]);
  }
  return [...heaps.values()].flatMap((heap) => {
    if (heap.length < smallestHeap) return heap.map(lineOf);
    return [...heap.slice(0, listedOfHeap).map(lineOf), countLine(heap.slice(listedOfHeap))];
  });
}

/** Files of one directory of the root that changed the same way and are not grave. */
function heapOf(c: Change): string | undefined {
  if (c.severity !== 'low' || !['open', 'load', 'link', 'rename', 'delete'].includes(c.kind))
    return undefined;
  return [c.change, c.widens, c.kind, topOf(c.subject)].join('\0');
}

function topOf(path: string): string {
  return /^\/[^/]*/.exec(path)?.[0] ?? path;
}

function countLine(rest: readonly Change[]): FoldedLine {
  const [first] = rest;
  const place = first === undefined ? '/' : topOf(first.subject);
  const sentence = `and ${rest.length} more files below ${quoted(place)}`;
  return { sentence, severity: 'low', widens: first?.widens === true };
}

/** The whole difference in one sentence. */
export function headline({ changes, unchanged, widens }: Difference): string {
  const count = (word: Change['change']): number => changes.filter((c) => c.change === word).length;
  const words = (['added', 'widened', 'removed', 'narrowed', 'changed'] as const)
    .filter((word) => count(word) > 0)
    .map((word) => `${count(word)} ${word}`);
  const same = unchanged === 1 ? '1 entry unchanged' : `${unchanged} entries unchanged`;
  if (changes.length === 0) return `no difference: ${same}`;
  const verdict = widens ? 'it allows more' : 'it allows nothing more';
  return `${verdict}: ${listed(words)}; ${same}`;
}
