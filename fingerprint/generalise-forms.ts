import type { FileAct } from './fingerprint.ts';

/**
 * One row of the generalisation table (docs/format.md). The rows of a scope are tried in order, each on what the one
 * before left. The test walks through the examples and counter-examples, so the table is its own specification.
 */
export interface GeneraliseRule {
  readonly id: string;
  readonly what: string;
  /**
   * `alias`: another name of the same file, so sensitive files take it too · `process`: below /proc · `path`: the whole
   * path · `class`: the whole path, reads only, replaces all of it · `segment`: one part of a path
   * outside the image's own code · `library`: the last part of a path in a library directory, reads only ·
   * `converter`: the whole path, loads of unmodified image files only ·
   * `argument`: anywhere in one argument · `name`: a DNS name.
   */
  readonly scope:
    | 'alias'
    | 'process'
    | 'path'
    | 'class'
    | 'converter'
    | 'segment'
    | 'library'
    | 'argument'
    | 'name';
  readonly find: RegExp;
  readonly put: string;
  readonly examples: readonly (readonly [given: string, generalised: string])[];
  readonly counterExamples: readonly string[];
}

/** Reads may be judged by class; what is written, run or linked is judged exactly. */
export const readActs: ReadonlySet<FileAct> = new Set(['read', 'map']);

// What identifiers look like, as parts of regular expressions.

/** No letter or digit on either side: the run is a part by itself, not the tail of a word. */
export const alone = (body: string): RegExp => new RegExp(`(?<![A-Za-z0-9])(?:${body})(?![A-Za-z0-9])`, 'g');
/** The same, or right behind `pod` as in the control groups of Kubernetes. */
export const aloneOrPod = (body: string): RegExp =>
  new RegExp(`(?<=(?<![A-Za-z0-9])pod|(?<![A-Za-z0-9]))(?:${body})(?![A-Za-z0-9])`, 'g');
/** systemd writes the hyphens of a pod's id as underscores. */
export const uuid = '[0-9a-fA-F]{8}(?:[-_][0-9a-fA-F]{4}){3}[-_][0-9a-fA-F]{12}';
export const ulid = '[0-7][0-9A-HJKMNP-TV-Z]{25}';
/** Letters and digits both: a run of digits is a number, a run of letters may be a word. */
export const hex16 = '(?=[0-9a-fA-F]*\\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{16,}';
/** The alphabet Kubernetes draws names from: no vowels, so that no word comes out. */
export const k8s = '[bcdfghjklmnpqrstvwxz2456789]';
const year = '(?:19|20)\\d\\d';
export const date = `${year}(?:[-_.](?:0[1-9]|1[0-2])[-_.](?:0[1-9]|[12]\\d|3[01])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01]))(?:[T_.-]?[0-2]\\d[-_:.]?[0-5]\\d(?:[-_:.]?[0-5]\\d(?:[.,]\\d{1,9})?)?(?:Z|[+-]\\d\\d:?\\d\\d)?)?`;
const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
export const ipv4 = `${octet}(?:\\.${octet}){3}`;
/** Drawn by mkstemp and its kin: a change from lower to upper case, or digits among letters of both cases. */
export const drawn =
  '(?:(?=[A-Za-z0-9]*[a-z][A-Z])|(?=[A-Za-z0-9]*\\d)(?=[A-Za-z0-9]*[A-Z])(?=[A-Za-z0-9]*[a-z]))';

/** Where TMPDIR points: what is drawn there is called the same wherever it is. */
export const tempDirectory = '(?:(?:var|run|mnt|data|srv)\\/)?(?:tmp|temp|scratch)';
/** No word of a file's name has more than two consonants in a row, but a few; drawn letters nearly always have. */
const unspeakable = '[A-Za-z0-9]*[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ]{3}';
/** Six letters and digits, but no word, no number and no word with a number: `sha256`, `Docker`, `README`. */
export const drawnInTemp = `(?!(?!${unspeakable})(?:[A-Z]?[a-z]+|[A-Z]+)?\\d*(?![A-Za-z0-9]))[A-Za-z0-9]{6}(?![A-Za-z0-9])`;
/** Eight of a-z, 0-9 and _ with a digit, but no number and no word with a year or a counter. */
export const trialName = '(?=[a-z_]*\\d)(?!\\d+$|[a-z_]{6,}\\d{1,2}$|[a-z_]{4}(?:19|20)\\d\\d$)[a-z0-9_]{8}$';
/** Names that only a function for temporary files gives, at their beginning. */
export const tempName = [
  // Python's prefix, and its trial.
  'tmp[a-z0-9_]{8}(?![A-Za-z0-9])',
  trialName,
  // mktemp(1), then mkstemp, mkdtemp and their kin.
  'tmp\\.[A-Za-z0-9]{10}(?![A-Za-z0-9])',
  `(?:[^/\\s]*[._-])?${drawnInTemp}`,
  `[^/\\s]*[._-]${drawn}[A-Za-z0-9]{6,12}(?![A-Za-z0-9])`,
  // O_TMPFILE.
  '#\\d+$',
  // Java.
  '[^/\\s]*?(?<!\\d)\\d{12,20}(?!\\d)',
].join('|');
