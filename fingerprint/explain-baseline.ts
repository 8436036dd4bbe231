import { notCovered } from './coverage.ts';
import { namesOf, starterName } from './diff-names.ts';
import { actWords, entryWords, fileWords, listed, originPlace } from './explain-entry.ts';
import type { Baseline, BehaviourSet, FileAct, FileEntry, Fingerprint, Program } from './fingerprint.ts';
import { entriesOf, grantsOf, programId } from './grants.ts';
import { formatImageRef, unpushedDigest } from './image-ref.ts';
import type { Owners } from './package-owner.ts';
import { isOfImage } from './package-use.ts';
import { ownerWords } from './package-words.ts';
import { phases } from './phase.ts';
import { originNote, quoted } from './phrase.ts';
import { printable } from './printable.ts';
import { identityOf } from './program.ts';
import { unmetExercises } from './representativeness.ts';
import { isSensitivePath } from './sensitive.ts';
import type { Subject } from './workload.ts';

/** How many plain files a summary names; patterns and sensitive files are all told. */
const named = 5;

/**
 * A baseline or fingerprint in lines: what it is about, what it judges, what was learned. Safe for a terminal.
 * @param owners with an SBOM: each program is named with its package
 */
export function describeBaseline(b: Baseline | Fingerprint, owners?: Owners): string[] {
  return [
    printable(subjectWords(b.subject), 600),
    ...describeLearning(b),
    ...describeJudging(b),
    ...(b.parameters ?? []).map(
      (p) => `asks the site for ${quoted(`{${p.kind}:${p.name}}`)}: ${quoted(p.what, 200)}`,
    ),
    ...describeExercises(b),
    ...(b.removed === undefined ? [] : describeRemoved(b.removed)),
    ...b.behaviour.programs.flatMap((p) => ['', ...describeProgram(p, b.behaviour.programs, owners)]),
  ];
}

function subjectWords(subject: Subject): string {
  return subject.digest === unpushedDigest
    ? `${subject.name}, before it was pushed: whorl sign --image NAME:TAG fills in the digest`
    : formatImageRef(subject);
}

function describeLearning({ observation: o, rules }: Baseline | Fingerprint): string[] {
  const copies = o.instances.length === 1 ? '1 copy' : `${o.instances.length} copies`;
  const inherited = o.inherited;
  return [
    `learned from ${o.startedAt} to ${o.finishedAt} by ${printable(o.source, 60)}: ${o.events} events, ${o.lost} lost, ${copies}`,
    `written by rules ${rules.normaliser} (normaliser), ${rules.generaliser} (generaliser), ${rules.sensitive} (sensitive files)`,
    ...(inherited === undefined || inherited.programs.length === 0
      ? []
      : [
          `took over from ${quoted(inherited.from)}, not seen of this image: ${listed(inherited.programs.map((p) => quoted(p.replaceAll('|', ' '))))}`,
        ]),
  ];
}

function describeJudging(b: Baseline | Fingerprint): string[] {
  const blind = notCovered(b.coverage);
  const unlearned = phases.filter((p) => b.phases?.includes(p) === false);
  const scope = b.scope;
  return [
    `judges ${b.coverage.join(', ') || 'nothing'}${blind.length === 0 ? '' : `; does not judge ${blind.join(', ')}`}`,
    ...unlearned.map((p) =>
      p === 'start' ? 'does not judge the start of a copy' : 'judges the start of a copy alone',
    ),
    scope === undefined
      ? 'holds for every copy of the image'
      : `holds for ${quoted([scope.cluster, scope.namespace, scope.owner, scope.container].filter(Boolean).join(' '), 200)} alone (${scope.role}${scope.entry === undefined ? '' : `, started by entrypoint ${printable(scope.entry, 16)}`})`,
  ];
}

function describeExercises({ representativeness, behaviour }: Baseline | Fingerprint): string[] {
  if (representativeness === undefined || representativeness.length === 0) return [];
  const unmet = unmetExercises(representativeness, behaviour, []);
  return [
    `must have been seen in ${listed(representativeness.map((e) => e.mode))}`,
    ...unmet.map((u) => `  but ${printable(u.sentence, 300)}`),
  ];
}

function describeRemoved(removed: BehaviourSet): string[] {
  const nameOf = namesOf(removed.programs.map(identityOf));
  const grants = grantsOf(removed);
  const whole = removed.programs
    .map(identityOf)
    .filter((p) => !grants.some((g) => programId(g.program) === programId(p)));
  const lines = [
    ...whole.map((p) => `all of ${nameOf(p)}, started by ${starterName(p)}`),
    ...grants.map((g) => `that ${nameOf(g.program)} ${entryWords(g.entry)}`),
  ];
  if (lines.length === 0) return [];
  return ['a person removed, and learning does not bring back:', ...lines.map((line) => `  ${line}`)];
}

function describeProgram(p: Program, all: readonly Program[], owners: Owners | undefined): string[] {
  const starters = p.parents.map((id) => all.find((q) => q.id === id)?.exe);
  const known = [...new Set(starters.filter((s) => s !== undefined))].map((s) => quoted(s));
  const outside = starters.includes(undefined) ? [starterName(identityOf({ root: p.root, exe: p.exe }))] : [];
  const from =
    starters.length === 0 ? 'nobody: it is known as the starter of others' : listed([...outside, ...known]);
  const origin = p.origins.length === 0 ? '' : ` from ${listed(p.origins.map(originPlace))}`;
  const owner = owners === undefined || !isOfImage(p.origins) ? '' : ` [${ownerWords(owners.of(p.exe))}]`;
  const others = entriesOf(p).filter((e) => e.kind !== 'file' && e.kind !== 'origin');
  return [
    `${quoted(p.exe)}${owner}${origin}, started by ${from}`,
    ...others.filter((e) => e.kind === 'arguments' || e.kind === 'hook').map((e) => `  ${entryWords(e)}`),
    ...describeFiles(p.files),
    ...others.filter((e) => e.kind === 'network' || e.kind === 'privilege').map((e) => `  ${entryWords(e)}`),
  ];
}

/** Patterns and sensitive files in words of their own; the plain rest is counted by what is done, and some are named. */
function describeFiles(files: readonly FileEntry[]): string[] {
  const telling = files.filter((f) => isPattern(f) || isGrave(f) || f.to !== undefined);
  const heaps = new Map<string, FileEntry[]>();
  for (const f of files) {
    if (telling.includes(f)) continue;
    const what = `${f.access.join(' ')} ${f.access.includes('load') ? (f.origin ?? '') : ''}`;
    heaps.set(what, [...(heaps.get(what) ?? []), f]);
  }
  return [
    ...telling.map((f) => `  ${words(f)}`),
    ...[...heaps.values()].map((heap) => `  ${heapWords(heap)}`),
  ];
}

function words(f: FileEntry): string {
  const { origin, ...rest } = f;
  return fileWords(f.access, f.access.includes('load') && origin !== undefined ? { ...rest, origin } : rest);
}

function heapWords(heap: readonly FileEntry[]): string {
  const [first] = heap;
  if (first === undefined) return '';
  if (heap.length === 1) return words(first);
  const names = heap.slice(0, named).map((f) => quoted(f.path));
  const rest = heap.length - names.length;
  const origin = first.access.includes('load') ? originNote(first.origin) : '';
  return `${actWords(first.access)} ${heap.length} files${origin}: ${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function isPattern(f: FileEntry): boolean {
  return /\/(?:\{(?:image|any)\}|\*\*|[^/]*\{(?:letters|digits|alnum)\}[^/]*)$|^\{volume:/.test(f.path);
}

function isGrave(f: {
  readonly path: string;
  readonly to?: string;
  readonly access: readonly FileAct[];
}): boolean {
  return isSensitivePath(f.path) || (f.to !== undefined && isSensitivePath(f.to));
}
