import type { FileAct } from './fingerprint.ts';
import { type GeneraliseRule, readActs } from './generalise-forms.ts';
import { pathRules } from './generalise-path-rules.ts';
import { segmentRules } from './generalise-segment-rules.ts';
import { memoised } from './memo.ts';
import { isWholePath } from './pattern-names.ts';
import { redactText } from './secrets.ts';
import { isSensitivePath } from './sensitive.ts';
import { type Substitutions, substitute } from './substitute.ts';

/** Directories whose files came with the image: their names are fixed by its digest, nothing there is drawn. */
export const codeDirectory = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|boot)\//;
const libraryDirectory = /^\/(?:usr\/)?(?:local\/)?lib(?:32|64|x32)?\//;
/** What segment rows can change holds a digit, or lies where drawn names lie, or changes from lower to upper case. */
const mayChange = /\d|[a-z][A-Z]|tmp|temp|scratch/;

const aliases = pathRules.filter((r) => r.scope === 'alias');
const processes = pathRules.filter((r) => r.scope === 'process');
const wholePaths = pathRules.filter((r) => r.scope === 'path');
const classRules = pathRules.filter((r) => r.scope === 'class');
const converterRules = pathRules.filter((r) => r.scope === 'converter');
const libraryRules = pathRules.filter((r) => r.scope === 'library');

/**
 * The name under which a file is learned and judged. Idempotent. A sensitive path keeps its exact name (but for this
 * copy's own ids and for secrets), no other path is turned into one, and a path never loses its last literal part.
 *
 * @param act what is done to it; only reads are judged by class.
 */
export function generalisePath(path: string, known: Substitutions, act: FileAct = 'write'): string {
  const own = substituteFile(path, known);
  if (!own.startsWith('/proc/')) return readActs.has(act) ? ofRead(own) : ofOther(own);
  // Process ids would fill the memory with names that differ in nothing; no sensitive path depends on which.
  const pidless = applyAll(processes, own);
  const general = readActs.has(act) ? ofRead(pidless) : ofOther(pidless);
  return isSensitiveProc(pidless) ? redactText(own) : general;
}

/** Whoever may call a copy `server.key` must not take a sensitive file's name away. */
function substituteFile(path: string, known: Substitutions): string {
  const own = substitute(path, known);
  return own !== path && isSensitivePath(path) && !isSensitivePath(own) ? path : own;
}

/** A copy that is called like a program (`redis-server`) has not given the program its name. */
export function substituteCode(path: string, known: Substitutions): string {
  return codeDirectory.test(path) ? path : substitute(path, known);
}

/** Code keeps its exact name, but for other names of the same file and for what the image itself has to choose from. */
export function generaliseCode(path: string, known: Substitutions, ofImage: boolean): string {
  const own = applyAll(aliases, redactText(substituteCode(path, known)));
  return ofImage ? applyAll(converterRules, own) : own;
}

/**
 * Paths remembered per way of asking: the files of a large fingerprint, about one megabyte each. Two generations of the
 * longest names are eight, and whoever is watched chooses the names.
 */
const remembered = 8_192;
const ofRead = memoised((path) => generaliseOwn(path, true), remembered);
const ofOther = memoised((path) => generaliseOwn(path, false), remembered);

const isSensitiveProc = memoised(isSensitivePath, 1024);

function generaliseOwn(path: string, reads: boolean): string {
  const own = applyAll(aliases, redactText(path));
  if (isSensitivePath(own)) return own;
  const general = generaliseWhole(own, reads);
  return isSensitivePath(general) || !hasAnchor(general) ? own : general;
}

function generaliseWhole(path: string, reads: boolean): string {
  // With `..` in it, or cut short, it may lie anywhere: a class would let it pass for what is free to read.
  if (reads && isWholePath(path)) {
    const row = classRules.find((r) => r.find.test(path));
    if (row !== undefined) return path.replace(row.find, row.put);
    if (libraryDirectory.test(path)) return applyAll(libraryRules, path);
  }
  if (codeDirectory.test(path) || !mayChange.test(path)) return path;
  return applyAll(wholePaths, path).split('/').map(generaliseSegment).join('/');
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
