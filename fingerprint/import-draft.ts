import type { Behaviour } from './behaviour.ts';
import { type CoverageWord, canonicalCoverage } from './coverage.ts';
import type { Baseline, BehaviourSet } from './fingerprint.ts';
import { generalise } from './generalise.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { isNamedLikePattern } from './pattern-names.ts';
import { ProgramSet } from './program-set.ts';
import { currentRules } from './rules.ts';
import { isFree } from './sensitive.ts';
import type { Subject } from './workload.ts';

/** Why something of a foreign format is not in the baseline: of one, and of several. */
export const leftOutReasons = {
  'accepts-anything': ['pattern that would accept anything', 'patterns that would accept anything'],
  'not-expressible': ['pattern that has no exact counterpart', 'patterns that have no exact counterpart'],
  'argument-pattern': ['argument vector with placeholders', 'argument vectors with placeholders'],
  'peer-pattern': ['peer by pattern, range or labels', 'peers by pattern, range or labels'],
  'like-a-pattern': ['name that would be a pattern here', 'names that would be patterns here'],
  incomplete: [
    'entry that lacks what would give it a meaning',
    'entries that lack what would give them a meaning',
  ],
} as const;
export type LeftOutReason = keyof typeof leftOutReasons;

export interface LeftOut {
  readonly what: string;
  readonly why: LeftOutReason;
}

/** What the reader of the result should know, beyond what was left out. */
export interface Imported {
  readonly baseline: Baseline;
  readonly programs: number;
  readonly files: number;
  readonly peers: number;
  readonly leftOut: readonly LeftOut[];
  /** Where the foreign format says less than ours and the baseline therefore grants more than was seen: sentences. */
  readonly notes: readonly string[];
}

export interface ImportAbout {
  readonly subject: Subject;
  readonly coverage: readonly CoverageWord[];
  /** RFC 3339, whole seconds: when the foreign document was made. */
  readonly madeAt: string;
  readonly source: string;
  readonly notes: readonly string[];
  /** Brings the programs into their final places, where the format does not say which those are. */
  readonly shape?: (set: BehaviourSet) => { readonly set: BehaviourSet; readonly note?: string };
}

const datedNote =
  'a placeholder in the middle of a path is read as the dated directory of a Kubernetes volume, and as nothing else';

/** A baseline while it is put together from a foreign format. */
export class ImportDraft {
  readonly #set = new ProgramSet();
  readonly #leftOut = new Map<string, LeftOut>();
  readonly #programs = new Set<string>();
  readonly #files = new Set<string>();
  readonly #peers = new Set<string>();
  #dated = 0;

  /** Takes it in its general form; what has a name that here is a pattern is left out, it would grant what it does not say. */
  add(b: Behaviour, source?: string): void {
    const texts = [b.kind === 'open' ? b.path : '', b.kind === 'connect' ? b.peer : ''];
    const odd = texts.find((text) => isNamedLikePattern(text));
    if (odd !== undefined) this.leaveOut(odd, 'like-a-pattern');
    else this.addPattern(b, source);
  }

  /**
   * The same for a path whose pattern was made here.
   *
   * @param source what the foreign document calls it, so that it is counted once.
   */
  addPattern(b: Behaviour, source?: string): void {
    if (b.kind === 'exec') this.#programs.add(b.lineage.at(-1) ?? '');
    if (b.kind === 'open') this.#files.add(source ?? b.path);
    if (b.kind === 'connect') this.#peers.add(`${b.peer}:${b.port}`);
    const general = generalise(b, {});
    // What nobody judges is accepted without an entry.
    if (!isFree(general)) this.#set.addBehaviour(general);
  }

  /** A path whose marked directory was taken for the dated one of a Kubernetes volume. */
  dated(): void {
    this.#dated += 1;
  }

  leaveOut(what: string, why: LeftOutReason): void {
    this.#leftOut.set(`${why} ${what}`, { what, why });
  }

  /** @throws FingerprintError TOO_LARGE when it holds more than a fingerprint may */
  finish(about: ImportAbout): Imported {
    const { set, note } = (about.shape ?? ((as) => ({ set: as, note: undefined })))(this.#set.toSet());
    const baseline = parseBaseline({
      format: 'whorl-baseline/v1',
      subject: about.subject,
      rules: currentRules,
      coverage: canonicalCoverage(about.coverage),
      behaviour: set,
      observation: {
        startedAt: about.madeAt,
        finishedAt: about.madeAt,
        source: about.source,
        events: 0,
        lost: 0,
        instances: [],
      },
    });
    return {
      baseline,
      programs: this.#programs.size,
      files: this.#files.size,
      peers: this.#peers.size,
      leftOut: [...this.#leftOut.values()],
      notes: [
        ...about.notes,
        ...(note === undefined ? [] : [note]),
        ...(this.#dated === 0 ? [] : [datedNote]),
      ],
    };
  }
}
