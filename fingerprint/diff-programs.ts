import { type Change, type ChangeWord, changeId } from './diff-change.ts';
import type { KnownDocument } from './diff-document.ts';
import { compareEntries, type Judges } from './diff-entries.ts';
import { namesOf, starterName } from './diff-names.ts';
import { refusedBy, type Side, sideOfEntries, sidesOf } from './diff-side.ts';
import { entryWords, listed } from './explain-entry.ts';
import { type Entry, grantId, programId } from './grants.ts';
import { type Severity, severities } from './incident.ts';
import { quoted } from './phrase.ts';
import { baseName, compareText, identityOf, type ProgramIdentity } from './program.ts';
import { maxSeverity, severityOf } from './severity.ts';

/** How many things a sentence about a whole program names. */
const named = 3;

/** All differences between the programs of two documents. */
export function comparePrograms(old: KnownDocument, next: KnownDocument, judges: Judges): Change[] {
  const before = sidesOf(old);
  const after = sidesOf(next);
  const nameOf = namesOf([...old.behaviour.programs, ...next.behaviour.programs].map(identityOf));
  const both = [...after].filter(([key]) => before.has(key));
  const changes = both.flatMap(([key, side]) => {
    const was = before.get(key);
    if (was === undefined || sameProgram(was, side)) return [];
    const pair = { old: was, next: side, name: nameOf(identityOf(side.program)), judges };
    return [...starterChanges(pair), ...compareEntries(pair)];
  });
  const added = [...after].filter(([key]) => !before.has(key)).map(([, side]) => side);
  const removed = [...before].filter(([key]) => !after.has(key)).map(([, side]) => side);
  return [
    ...wholePrograms(added, { change: 'added', judges, nameOf }),
    ...wholePrograms(removed, { change: 'removed', judges, nameOf }),
    ...changes,
  ];
}

/** Ids are a matter of counting; everything else of a program in canonical form is its content. */
function sameProgram(a: Side, b: Side): boolean {
  const content = ({ program: { id: _, parents: __, ...rest }, starters, removed }: Side): string =>
    JSON.stringify([rest, [...starters].sort(compareText), removed]);
  return content(a) === content(b);
}

interface Context {
  readonly old: Side;
  readonly next: Side;
  readonly name: string;
  readonly judges: Judges;
}

/** A program below another starter's starter: everything it may do is then accepted there too. */
function starterChanges({ old, next, name, judges }: Context): Change[] {
  const make = (change: 'widened' | 'narrowed', starter: string, others: ReadonlySet<string>): Change => {
    const { program } = next;
    const where = (s: string): string => (s === '' ? `the ${program.root}` : quoted(baseName(s)));
    const was = [...others].slice(0, named).map(where).join(', ');
    const by = quoted(baseName(program.parent ?? ''));
    const now = change === 'widened' ? 'may now also run' : 'may no longer run';
    const widens = change === 'widened' && judges.anything;
    return {
      ...about(identityOf(program)),
      id: changeId(change, 'program', [programId(identityOf(program)), starter]),
      change,
      kind: 'program',
      subject: starter === '' ? `#${program.root}` : starter,
      sentence: `${name} ${now} below ${by} when ${where(starter)} started that (${change === 'widened' ? 'was' : 'still'}: ${was})`,
      severity: widens ? 'high' : 'low',
      widens,
      entries: [programId(identityOf(program))],
    };
  };
  return [
    ...[...next.starters].filter((s) => !old.starters.has(s)).map((s) => make('widened', s, old.starters)),
    ...[...old.starters].filter((s) => !next.starters.has(s)).map((s) => make('narrowed', s, next.starters)),
  ];
}

function about(p: ProgramIdentity): Pick<Change, 'program' | 'root' | 'parent'> {
  return { program: p.exe, root: p.root, ...(p.parent === '' ? {} : { parent: p.parent }) };
}

interface Whole {
  readonly change: Extract<ChangeWord, 'added' | 'removed'>;
  readonly judges: Judges;
  readonly nameOf: (p: ProgramIdentity) => string;
}

/** New or vanished programs; those that another such program starts are part of what is said of that one. */
function wholePrograms(sides: readonly Side[], whole: Whole): Change[] {
  return sides.map((side) => {
    const identity = identityOf(side.program);
    const top = topmost(side, sides);
    const widens = whole.change === 'added' && whole.judges.anything;
    const entries = byGravity(side);
    const below = top === side ? sides.filter((s) => s !== side && topmost(s, sides) === side) : [];
    return {
      ...about(identity),
      id: wholeId(whole.change, identity),
      change: whole.change,
      kind: 'program',
      subject: side.program.exe,
      sentence: wholeSentence(side, entries, below, whole),
      severity: widens
        ? maxSeverity(['high', ...[side, ...below].flatMap(byGravity).map((e) => e.severity)])
        : 'low',
      widens,
      entries: [programId(identity), ...entries.map(({ entry }) => grantId(identity, entry))],
      details: entries.map(({ entry }) => entryWords(entry)),
      ...(top === side ? {} : { partOf: wholeId(whole.change, identityOf(top.program)) }),
    };
  });
}

function wholeId(change: ChangeWord, p: ProgramIdentity): string {
  return changeId(change, 'program', [programId(p)]);
}

/** The uppermost new program above, itself when none of those that start it is new. */
function topmost(side: Side, sides: readonly Side[]): Side {
  const seen = new Set<Side>([side]);
  let top = side;
  for (;;) {
    const above = parentAmong(top, sides);
    if (above === undefined || seen.has(above)) return top;
    seen.add(above);
    top = above;
  }
}

/** The new program that starts it, when no known one does. */
function parentAmong(side: Side, sides: readonly Side[]): Side | undefined {
  const { root, parent } = side.program;
  if (parent === undefined) return undefined;
  const starters = [...side.starters].map((starter) =>
    sides.find(({ program: p }) => p.root === root && p.exe === parent && (p.parent ?? '') === starter),
  );
  return starters.every((s) => s !== undefined) ? starters[0] : undefined;
}

interface GradedEntry {
  readonly entry: Entry;
  readonly severity: Severity;
}

/** What it may do, gravest first: graded as if it were seen without being known. */
function byGravity(side: Side): GradedEntry[] {
  const nothing = sideOfEntries(side.program, []);
  return [...side.entries.values()]
    .map((entry): GradedEntry => {
      const refused = refusedBy(nothing, entry, side);
      return {
        entry,
        severity: maxSeverity(refused.map((r) => severityOf(r.behaviour, r.verdict.because, false))),
      };
    })
    .sort((a, b) => rank(b) - rank(a));
}

/** Argument vectors open the sentence; libraries and the files of the image are what every program has. */
function rank({ entry, severity }: GradedEntry): number {
  const grave = severities.indexOf(severity) * 4;
  if (entry.kind === 'arguments') return 100;
  if (entry.kind === 'origin') return entry.origin === 'image' ? -1 : grave + 3;
  if (entry.kind !== 'file') return grave + 2;
  return entry.act === 'read' || entry.act === 'map' ? grave : grave + 1;
}

function wholeSentence(
  side: Side,
  entries: readonly GradedEntry[],
  below: readonly Side[],
  { change, judges, nameOf }: Whole,
): string {
  const identity = identityOf(side.program);
  const name = nameOf(identity);
  if (change === 'removed')
    return `${name} is gone: nothing starts it any more below ${starterName(identity)}`;
  const telling = entries.filter((e) => isTelling(e, judges));
  const vectors = telling.filter((e) => e.entry.kind === 'arguments');
  const acts = telling.filter((e) => e.entry.kind !== 'arguments');
  const shown = [...vectors.slice(0, 1), ...acts.slice(0, named)];
  const starts = below.slice(0, named).map((s) => startedWords(s, judges));
  // That it runs from the image is what every program does: nobody needs to look at that.
  const rest = entries.filter((e) => !isPlainOrigin(e)).length - shown.length;
  return [
    `${name} is new: started by ${starterName(identity)}`,
    ...shown.map(({ entry }) => entryWords(entry)),
    ...starts,
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ].join(', ');
}

/** What one of its children does that matters most: an implant is one sentence, whichever process does the work. */
function startedWords(side: Side, judges: Judges): string {
  const acts = byGravity(side).filter((e) => isTelling(e, judges) && e.entry.kind !== 'arguments');
  const words = acts.slice(0, 2).map((e) => entryWords(e.entry));
  return `starts ${quoted(baseName(side.program.exe))}${words.length === 0 ? '' : `, which ${listed(words)}`}`;
}

function isTelling(e: GradedEntry, judges: Judges): boolean {
  const { entry, severity } = e;
  if (isPlainOrigin(e)) return false;
  if (['new', 'neither'].includes(judges.of(entry)) && severity === 'low') return false;
  const plain = entry.kind === 'file' && ['read', 'map', 'load'].includes(entry.act);
  return !plain || severity === 'high' || severity === 'critical';
}

function isPlainOrigin({ entry }: GradedEntry): boolean {
  return entry.kind === 'origin' && entry.origin === 'image';
}
