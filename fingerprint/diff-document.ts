import { canonicalBytes } from './canonical.ts';
import { coverageChange, kindOfWord, passes } from './coverage.ts';
import { type Change, type ChangeKind, type ChangeWord, changeId } from './diff-change.ts';
import { namesOf } from './diff-names.ts';
import type { BehaviourKind } from './event.ts';
import { entryWords } from './explain-entry.ts';
import type { Baseline, BehaviourSet, Fingerprint, RuleVersion } from './fingerprint.ts';
import { grantsOf, programId } from './grants.ts';
import { unpushedDigest } from './image-ref.ts';
import type { Severity } from './incident.ts';
import { type Phase, phases } from './phase.ts';
import { quoted } from './phrase.ts';
import { identityOf } from './program.ts';

export type KnownDocument = Baseline | Fingerprint;

/** What two documents say of themselves differently: what they judge, where, by which rules, and what was removed. */
export function compareDocuments(old: KnownDocument, next: KnownDocument): Change[] {
  return [
    ...subjectChange(old, next),
    ...rulesChanges(old.rules, next.rules),
    ...coverageChanges(old, next),
    ...phaseChanges(old, next),
    ...scopeChange(old, next),
    ...parameterChanges(old, next),
    ...tombstoneChanges(old.removed, next.removed),
    ...exerciseChanges(old, next),
  ];
}

interface Said {
  readonly change: ChangeWord;
  readonly kind: ChangeKind;
  readonly subject: string;
  readonly sentence: string;
  /** Given for what widens. */
  readonly severity?: Severity;
}

function said({ change, kind, subject, sentence, severity }: Said): Change {
  const widens = severity !== undefined;
  const id = changeId(change, kind, [subject]);
  return { id, change, kind, subject, sentence, severity: severity ?? 'low', widens, entries: [] };
}

function subjectChange(old: KnownDocument, next: KnownDocument): Change[] {
  const [a, b] = [old.subject, next.subject];
  if (a.name === b.name && (a.digest === b.digest || [a.digest, b.digest].includes(unpushedDigest)))
    return [];
  const subject = `${b.name}@${b.digest}`;
  const sentence =
    a.name === b.name
      ? `it is about another build of ${quoted(b.name)}: ${quoted(b.digest)}`
      : `it is about other software: ${quoted(b.name)} instead of ${quoted(a.name)}`;
  return [said({ change: 'changed', kind: 'subject', subject, sentence })];
}

/** Strings of two rule versions have two forms: what looks added may be what was there. An older list protects less. */
function rulesChanges(old: RuleVersion, next: RuleVersion): Change[] {
  return (['normaliser', 'generaliser', 'sensitive'] as const).flatMap((table) => {
    if (old[table] === next[table]) return [];
    const back = next[table] < old[table];
    const sentence = `its ${table} rules are version ${next[table]}, they were ${old[table]}: ${
      back ? 'older rules may protect less' : 'entries may differ in form alone'
    }`;
    const severity = back ? { severity: 'medium' as const } : {};
    return [said({ change: 'changed', kind: 'rules', subject: table, sentence, ...severity })];
  });
}

/** A start that was never judged can hide anything; the same holds for the kinds that matter most. */
const graveKinds: ReadonlySet<BehaviourKind> = new Set(['exec', 'load', 'open', 'connect', 'privilege']);

function coverageChanges(old: KnownDocument, next: KnownDocument): Change[] {
  const { gained, lost } = coverageChange(old.coverage, next.coverage);
  return [
    ...gained.map((word) =>
      said({ change: 'narrowed', kind: 'coverage', subject: word, sentence: `${word} is judged now` }),
    ),
    ...lost.map((word) => {
      const sentence = `${word} is no longer judged: ${passes(word) ? 'all of it passes' : 'all of it alerts'}`;
      const severity = graveKinds.has(kindOfWord(word)) ? 'high' : 'medium';
      return said({ change: 'widened', kind: 'coverage', subject: word, sentence, severity });
    }),
  ];
}

const phaseNames: Readonly<Record<Phase, string>> = { start: 'the start', steady: 'what follows the start' };

function phaseChanges(old: KnownDocument, next: KnownDocument): Change[] {
  const [was, is] = [old.phases ?? phases, next.phases ?? phases];
  return phases.flatMap((phase): Change[] => {
    if (was.includes(phase) === is.includes(phase)) return [];
    const what = phaseNames[phase];
    if (is.includes(phase))
      return [said({ change: 'narrowed', kind: 'phase', subject: phase, sentence: `${what} is judged now` })];
    const sentence = `${what} is no longer judged: all of it passes`;
    return [said({ change: 'widened', kind: 'phase', subject: phase, sentence, severity: 'high' })];
  });
}

function scopeChange(old: KnownDocument, next: KnownDocument): Change[] {
  const [was, is] = [old.scope, next.scope];
  const words = (scope: object): string => quoted(Object.values(scope).filter(Boolean).join(' '), 200);
  const same = (a: object, b: object): boolean => Buffer.compare(canonicalBytes(a), canonicalBytes(b)) === 0;
  if (was === undefined && is === undefined) return [];
  if (is === undefined) {
    const sentence = `it holds for every copy of the image now (was: ${words(was ?? {})})`;
    return [said({ change: 'widened', kind: 'scope', subject: '', sentence, severity: 'high' })];
  }
  const subject = Object.values(is).filter(Boolean).join(' ');
  if (was === undefined) {
    const sentence = `it holds for ${words(is)} alone (was: every copy of the image)`;
    return [said({ change: 'narrowed', kind: 'scope', subject, sentence })];
  }
  if (same(was, is)) return [];
  const sentence = `it holds for ${words(is)} now (was: ${words(was)})`;
  return [said({ change: 'widened', kind: 'scope', subject, sentence, severity: 'high' })];
}

function parameterChanges(old: KnownDocument, next: KnownDocument): Change[] {
  const [was, is] = [parametersOf(old), parametersOf(next)];
  const added = [...is.keys()].filter((key) => !was.has(key));
  const gone = [...was.keys()].filter((key) => !is.has(key));
  return [
    ...added.map((key) => {
      const sentence = `the site is asked to say what ${quoted(key)} is: ${quoted(is.get(key) ?? '')}`;
      return said({ change: 'added', kind: 'parameter', subject: key, sentence, severity: 'medium' });
    }),
    ...gone.map((key) => {
      const sentence = `the site is no longer asked what ${quoted(key)} is`;
      return said({ change: 'removed', kind: 'parameter', subject: key, sentence });
    }),
  ];
}

function parametersOf({ parameters = [] }: KnownDocument): Map<string, string> {
  return new Map(parameters.map((p) => [`{${p.kind}:${p.name}}`, p.what]));
}

/** What a person took back may be learned again once its tombstone is gone. */
function tombstoneChanges(old: BehaviourSet | undefined, next: BehaviourSet | undefined): Change[] {
  const [was, is] = [tombstonesOf(old), tombstonesOf(next)];
  const lifted = [...was].filter(([id]) => !is.has(id));
  const laid = [...is].filter(([id]) => !was.has(id));
  return [
    ...lifted.map(([id, what]) => {
      const sentence = `${what} was removed by a person and may be learned again`;
      const change = said({
        change: 'removed',
        kind: 'tombstone',
        subject: id,
        sentence,
        severity: 'medium',
      });
      return { ...change, entries: [id] };
    }),
    ...laid.map(([id, what]) => {
      const sentence = `${what} was removed by a person and stays removed`;
      return { ...said({ change: 'added', kind: 'tombstone', subject: id, sentence }), entries: [id] };
    }),
  ];
}

function tombstonesOf(removed: BehaviourSet | undefined): Map<string, string> {
  if (removed === undefined) return new Map();
  const nameOf = namesOf(removed.programs.map(identityOf));
  const grants = grantsOf(removed);
  const whole = removed.programs
    .map(identityOf)
    .filter((p) => !grants.some((g) => programId(g.program) === programId(p)));
  return new Map([
    ...whole.map((p) => [programId(p), `all of ${nameOf(p)}`] as const),
    ...grants.map((g) => [g.id, `that ${nameOf(g.program)} ${entryWords(g.entry)}`] as const),
  ]);
}

function exerciseChanges(old: KnownDocument, next: KnownDocument): Change[] {
  const modes = (d: KnownDocument): Set<string> => new Set((d.representativeness ?? []).map((e) => e.mode));
  const [was, is] = [modes(old), modes(next)];
  return [
    ...[...is]
      .filter((m) => !was.has(m))
      .map((mode) => {
        const sentence = `it must have been seen in ${quoted(mode)} now`;
        return said({ change: 'added', kind: 'exercise', subject: mode, sentence });
      }),
    ...[...was]
      .filter((m) => !is.has(m))
      .map((mode) => {
        const sentence = `it need not have been seen in ${quoted(mode)} any more`;
        return said({ change: 'removed', kind: 'exercise', subject: mode, sentence });
      }),
  ];
}
