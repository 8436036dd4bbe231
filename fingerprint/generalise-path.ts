import type { FileAct } from './fingerprint.ts';
import { type GeneraliseRule, readActs } from './generalise-forms.ts';
import { pathRules } from './generalise-path-rules.ts';
import { segmentRules } from './generalise-segment-rules.ts';
import { redactText } from './secrets.ts';
import { isSensitivePath } from './sensitive.ts';
import { type Substitutions, substitute } from './substitute.ts';

/** Directories whose files came with the image: their names are fixed by its digest, nothing there is drawn. */
const codeDirectory = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|boot)\//;
const libraryDirectory = /^\/(?:usr\/)?(?:local\/)?lib(?:32|64|x32)?\//;
/** What segment rows can change holds a digit, or begins with Python's `tmp`, or changes from lower to upper case. */
const mayChange = /\d|[a-z][A-Z]|tmp/;

const wholeRules = pathRules.filter((r) => r.scope === 'path');
const classRules = pathRules.filter((r) => r.scope === 'class');
const libraryRules = pathRules.filter((r) => r.scope === 'library');

/**
 * The name under which a file is learned and judged. Idempotent. A sensitive path keeps its exact name (but for this
 * copy's own ids and for secrets), no other path is turned into one, and a path never loses its last literal part.
 *
 * @param act what is done to it; only reads are judged by class.
 */
export function generalisePath(path: string, known: Substitutions, act: FileAct = 'write'): string {
  const own = applyAll(wholeAlias, redactText(substitute(path, known)));
  if (isSensitivePath(own)) return own;
  const general = generaliseWhole(own, readActs.has(act));
  return isSensitivePath(general) || !hasAnchor(general) ? own : general;
}

/** Another name of the same file is safe for sensitive paths too; a pattern is not. */
const wholeAlias = wholeRules.filter((r) => r.id === 'atomic-writer');
const wholePatterns = wholeRules.filter((r) => r.id !== 'atomic-writer');

function generaliseWhole(path: string, reads: boolean): string {
  const whole = path.startsWith('/proc/') ? applyAll(wholePatterns, path) : path;
  if (reads) {
    const row = classRules.find((r) => r.find.test(whole));
    if (row !== undefined) return whole.replace(row.find, row.put);
    if (libraryDirectory.test(whole)) return applyAll(libraryRules, whole);
  }
  if (codeDirectory.test(whole) || !mayChange.test(whole)) return whole;
  return whole.split('/').map(generaliseSegment).join('/');
}

function generaliseSegment(segment: string): string {
  return mayChange.test(segment) ? applyAll(segmentRules, segment) : segment;
}

export function applyAll(rules: readonly GeneraliseRule[], text: string): string {
  let result = text;
  for (const rule of rules) result = result.replace(rule.find, rule.put);
  return result;
}

/** Whether anything of the text is still literal: `/{num}` would accept what nobody has seen. */
export function hasAnchor(text: string): boolean {
  return /[\p{L}\p{N}]/u.test(text.replace(/\{[a-z0-9]+\}/g, ''));
}
