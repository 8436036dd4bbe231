import type { Root } from './behaviour.ts';
import { sha256Hex } from './digest.ts';
import type { BehaviourKind } from './event.ts';
import { type Severity, severities } from './incident.ts';
import { compareText } from './program.ts';

/** What happened to one thing between two documents. `changed` is neither more nor less: it is said, not judged. */
export const changeWords = ['added', 'widened', 'removed', 'narrowed', 'changed'] as const;
export type ChangeWord = (typeof changeWords)[number];

/** What a change is about: a kind of behaviour, a program as a whole, or what the document says of itself. */
export const documentKinds = [
  'program',
  'coverage',
  'phase',
  'scope',
  'parameter',
  'tombstone',
  'rules',
  'subject',
  'exercise',
] as const;
export type ChangeKind = BehaviourKind | (typeof documentKinds)[number];

/** One difference between two documents, as `diff --json` prints it. */
export interface Change {
  /** Twelve hex digits, the same whenever the same thing changes the same way. */
  readonly id: string;
  readonly change: ChangeWord;
  readonly kind: ChangeKind;
  /** Executable of the program it is about; absent for the document as a whole. */
  readonly program?: string;
  readonly root?: Root;
  /** Executable that starts the program; absent when it is started from outside. */
  readonly parent?: string;
  readonly subject: string;
  /** Safe for a terminal; whatever comes from the watched world stands in backticks. */
  readonly sentence: string;
  readonly severity: Severity;
  /** Whether something that drifted by the old document no longer drifts by the new one. */
  readonly widens: boolean;
  /** Ids of the entries concerned, as `inspect --json` and `prune --entry` name them. */
  readonly entries: readonly string[];
  /** Of what came in: the test steps that showed it first, where they were recorded. */
  readonly steps?: readonly string[];
  /** With a new or vanished program: all it may or might do, gravest first. */
  readonly details?: readonly string[];
  /** The id of the change that already says it: a program started by a new one, the name of a new peer. */
  readonly partOf?: string;
}

/** The id of a change; `parts` name program and subject. */
export function changeId(change: ChangeWord, kind: ChangeKind, parts: readonly string[]): string {
  return sha256Hex(new TextEncoder().encode(JSON.stringify([change, kind, ...parts]))).slice(0, 12);
}

/** Among equally grave changes, what a reviewer wants to see first. */
const kindOrder: readonly ChangeKind[] = [
  'program',
  'open',
  'link',
  'rename',
  'delete',
  'connect',
  'privilege',
  'listen',
  'resolve',
  'exec',
  'load',
];

/** Widenings first, then by gravity, then by kind; the rest so that the order never depends on chance. */
export function compareChanges(a: Change, b: Change): number {
  return (
    Number(b.widens) - Number(a.widens) ||
    severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
    rank(a) - rank(b) ||
    compareText(a.program ?? '', b.program ?? '') ||
    compareText(a.subject, b.subject) ||
    compareText(a.id, b.id)
  );
}

/** A file that is graver than files are is a sensitive one: before egress. A dull one comes last. */
function rank(c: Change): number {
  const dullFile = c.severity === 'low' && ['open', 'link', 'rename', 'delete'].includes(c.kind);
  return dullFile ? kindOrder.length : kindOrder.indexOf(c.kind);
}
