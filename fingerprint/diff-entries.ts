import { type Change, type ChangeWord, changeId } from './diff-change.ts';
import { type Refused, refusedBy, type Side, sideOfEntries } from './diff-side.ts';
import { origins } from './event.ts';
import { entryWords, fileWords, listed, originPlace, pathWords } from './explain-entry.ts';
import type { FileAct } from './fingerprint.ts';
import { type Entry, type EntryOf, grantId, kindOf } from './grants.ts';
import type { Severity } from './incident.ts';
import { quoted } from './phrase.ts';
import { identityOf } from './program.ts';
import { maxSeverity, severityOf } from './severity.ts';

/** The same program in both documents, and how it is called in sentences. */
export interface Pair {
  readonly old: Side;
  readonly next: Side;
  readonly name: string;
  readonly judges: Judges;
}

/** Which of the two documents judge what an entry is about: where one does not, nothing can be widened or narrowed. */
export interface Judges {
  of(entry: Entry): 'both' | 'old' | 'new' | 'neither';
  /** Whether there is anything that both judge. */
  readonly anything: boolean;
}

/** What one side accepts and the other refuses, as the entry that says so. */
interface Surplus {
  readonly entry: Entry;
  readonly refused: readonly Refused[];
}

/** Everything that entries of one program grant differently. */
export function compareEntries(pair: Pair): Change[] {
  return [...changesOf(pair, 'new'), ...changesOf(pair, 'old')];
}

/** What the `from` side has more than the other: additions when it is the new one, removals when it is the old. */
function changesOf(pair: Pair, from: 'old' | 'new'): Change[] {
  const [own, other] = from === 'new' ? [pair.next, pair.old] : [pair.old, pair.next];
  const surplus = surplusOf(own, other);
  const files = new Map<string, Surplus[]>();
  const rest: Change[] = [];
  for (const s of surplus) {
    if (s.entry.kind !== 'file') rest.push(changeOf(pair, from, [s], sentenceOf(pair, from, s.entry)));
    else {
      const { path, to, origin } = s.entry;
      const key = [kindOf(s.entry), path, to ?? '', origin ?? ''].join('\0');
      files.set(key, [...(files.get(key) ?? []), s]);
    }
  }
  return [...rest, ...[...files.values()].map((group) => fileChange(pair, from, group))];
}

function surplusOf(own: Side, other: Side): Surplus[] {
  // An executable without origins accepts several of them: each is asked about, named or not.
  const starts: Entry[] =
    own.program.args.length === 0 ? [] : origins.map((origin) => ({ kind: 'origin', origin }) as const);
  const named = [...own.entries.values()].filter((e) => e.kind !== 'origin');
  return [...starts, ...named]
    .map((entry) => ({ entry, refused: refusedBy(other, entry, own) }))
    .filter((s) => s.refused.length > 0);
}

function changeOf(
  pair: Pair,
  from: 'old' | 'new',
  surplus: readonly [Surplus, ...Surplus[]] | readonly Surplus[],
  told: { readonly change: ChangeWord; readonly sentence: string; readonly subject: string },
): Change {
  const { program } = pair.next;
  const identity = identityOf(program);
  const entries = surplus.map((s) => grantId(identity, s.entry));
  const first = surplus[0]?.entry;
  const kind = first === undefined ? 'exec' : kindOf(first);
  const judged = first === undefined ? 'neither' : pair.judges.of(first);
  const widens = from === 'new' && judged === 'both';
  return {
    id: changeId(told.change, kind, entries),
    change: told.change,
    kind,
    program: program.exe,
    root: program.root,
    ...(program.parent === undefined ? {} : { parent: program.parent }),
    subject: told.subject,
    sentence: `${told.sentence}${judgedNote[judged]}`,
    severity: widens ? gravity(surplus.flatMap((s) => s.refused)) : 'low',
    widens,
    entries,
  };
}

const judgedNote: Readonly<Record<ReturnType<Judges['of']>, string>> = {
  both: '',
  old: ', which is no longer judged',
  new: ', which was not judged before',
  neither: ', which is not judged',
};

function gravity(refused: readonly Refused[]): Severity {
  return maxSeverity(refused.map((r) => severityOf(r.behaviour, r.verdict.because, false)));
}

type Told = Pick<Change, 'change' | 'sentence' | 'subject'>;

function sentenceOf(pair: Pair, from: 'old' | 'new', entry: Exclude<Entry, EntryOf<'file'>>): Told {
  const now = from === 'new' ? 'now' : 'no longer';
  const plain = `${pair.name} ${now} ${entryWords(entry)}`;
  const wider = from === 'new' ? 'widened' : 'narrowed';
  const wordAs = (known: boolean): ChangeWord => (known ? wider : from === 'new' ? 'added' : 'removed');
  switch (entry.kind) {
    case 'arguments':
      return { change: wordAs(false), subject: entry.args.join(' '), sentence: plain };
    case 'origin': {
      const sentence =
        from === 'new'
          ? `${pair.name} may now run from ${originPlace(entry.origin)}`
          : `${pair.name} may no longer run from ${originPlace(entry.origin)}`;
      return { change: wider, subject: entry.origin, sentence };
    }
    case 'hook':
      return { change: wider, subject: entry.name, sentence: plain };
    case 'privilege':
      return {
        change: wordAs(false),
        subject: [entry.privilege, entry.detail ?? ''].join(' ').trim(),
        sentence: plain,
      };
    case 'network':
      return networkTold(pair, from, entry, plain);
  }
}

/** A peer that is known by another port, or that may now answer an address inside, is widened rather than added. */
function networkTold(pair: Pair, from: 'old' | 'new', entry: EntryOf<'network'>, plain: string): Told {
  const n = entry.network;
  const [added, wider] =
    from === 'new' ? (['added', 'widened'] as const) : (['removed', 'narrowed'] as const);
  const other = from === 'new' ? pair.old : pair.next;
  if (n.do === 'resolve') {
    const known = other.program.network.some((o) => o.do === 'resolve' && o.name === n.name);
    return { change: known ? wider : added, subject: n.name, sentence: plain };
  }
  const port = n.port < 0 ? '{port}' : String(n.port);
  if (n.do === 'listen') return { change: added, subject: `${n.transport}:${port}`, sentence: plain };
  const subject = n.transport === 'unix' ? n.peer : `${n.peer}:${port}`;
  if (n.transport === 'unix') return { change: added, subject, sentence: plain };
  const same = other.program.network.filter(
    (o) => o.do === 'connect' && o.peer === n.peer && o.transport === n.transport,
  );
  const inward = same.some((o) => o.do === 'connect' && o.port === n.port);
  const any = n.port < 0 && same.length > 0;
  const ports = same.flatMap((o) => (o.do === 'connect' && o.port !== n.port ? [portName(o.port)] : []));
  const was =
    ports.length === 0 ? '' : ` (${from === 'new' ? 'was' : 'still'}: ${listed(ports.slice(0, 3))})`;
  return { change: inward || any ? wider : added, subject, sentence: `${plain}${was}` };
}

function fileChange(pair: Pair, from: 'old' | 'new', group: readonly Surplus[]): Change {
  const entries = group.flatMap((s) => (s.entry.kind === 'file' ? [s.entry] : []));
  const [first] = entries;
  if (first === undefined)
    return changeOf(pair, from, group, { change: 'changed', sentence: '', subject: '' });
  const other = from === 'new' ? pair.old : pair.next;
  const acts = entries.map((e) => e.act);
  const instead = insteadOf(entries, other);
  const knownActs = from === 'new' ? otherActs(first, other) : [];
  const was =
    instead.length > 0
      ? ` (${from === 'new' ? 'was' : 'still'}: ${namesOf(instead)})`
      : knownActs.length > 0
        ? ` (was: ${listed(knownActs)})`
        : '';
  const known = instead.length > 0 || knownActs.length > 0 || hasPath(first, other);
  const word = known ? (['widened', 'narrowed'] as const) : (['added', 'removed'] as const);
  return changeOf(pair, from, group, {
    change: from === 'new' ? word[0] : word[1],
    subject: first.to === undefined ? first.path : `${first.path} → ${first.to}`,
    sentence: `${pair.name} ${from === 'new' ? 'now' : 'no longer'} ${fileWords(acts, first)}${was}`,
  });
}

function portName(port: number): string {
  return port < 0 ? 'any drawn port' : `port ${port}`;
}

/** Entries of the other side that a pattern took the place of, or that took its place. */
function insteadOf(patterns: readonly EntryOf<'file'>[], other: Side): EntryOf<'file'>[] {
  if (!patterns.some((e) => e.path.includes('{') || e.path.includes('*'))) return [];
  const alone = sideOfEntries(other.program, patterns);
  const acts = new Set<FileAct>(patterns.map((e) => e.act));
  const found = new Map<string, EntryOf<'file'>>();
  for (const entry of other.entries.values()) {
    if (entry.kind !== 'file' || !acts.has(entry.act) || patterns.some((e) => e.path === entry.path))
      continue;
    if (refusedBy(alone, entry, other).length === 0) found.set(entry.path, entry);
  }
  return [...found.values()];
}

function otherActs(entry: EntryOf<'file'>, other: Side): string[] {
  if (entry.to !== undefined || entry.act === 'load') return [];
  const acts = [...other.entries.values()].flatMap((e) =>
    e.kind === 'file' && e.path === entry.path && e.to === undefined ? [e.act] : [],
  );
  return [...new Set(acts)];
}

function hasPath(entry: EntryOf<'file'>, other: Side): boolean {
  return other.program.files.some((f) => f.path === entry.path && f.to === entry.to);
}

/** Few enough to be read are named, more are counted. */
function namesOf(entries: readonly EntryOf<'file'>[]): string {
  if (entries.length > 3) return `${entries.length} names`;
  return listed(entries.map((e) => (e.path.includes('{') ? pathWords(e.path) : quoted(e.path))));
}
