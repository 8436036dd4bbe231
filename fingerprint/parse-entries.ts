import { readPort } from './behaviour-json.ts';
import { origins, transports } from './event.ts';
import { type FileEntry, fileActs, type NetworkEntry, type SiteParameter } from './fingerprint.ts';
import { readActs } from './generalise-forms.ts';
import { isAnchored } from './name-group.ts';
import { ObjectReader, readFilled, readText, readWord, refuse } from './object-reader.ts';
import {
  anyLeaf,
  belowLeaf,
  imageLeaf,
  isNamedLikePattern,
  isSiblingPattern,
  splitPath,
} from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';
import { parameterOf } from './site-parameter.ts';

/** Site parameters that may be named, as `kind:name`. */
export type Declared = ReadonlySet<string>;

export function declaredNames(parameters: readonly SiteParameter[]): Declared {
  return new Set(parameters.map((p) => `${p.kind}:${p.name}`));
}

export function parseFile(value: unknown, field: string, declared: Declared): FileEntry {
  const r = new ObjectReader(value, field);
  const entry: FileEntry = r.end({
    path: r.value('path', readFilled),
    access: r.list('access', (v, f) => readWord(v, f, fileActs), fileActs.length),
    ...r.optional('to', () => r.value('to', readFilled)),
    ...r.optional('origin', () => r.word('origin', origins)),
  });
  if (entry.access.length === 0) refuse(r.field('access'), 'is empty; remove the entry instead');
  const moves = entry.access.every((a) => a === 'link' || a === 'rename');
  if ((entry.to !== undefined) !== moves)
    refuse(field, 'has `to` exactly when it is about link or rename alone');
  const others = entry.access.some((a) => a !== 'load');
  if (entry.origin !== undefined && others && (entry.origin !== 'volume' || moves)) {
    refuse(r.field('origin'), 'may only be volume, unless the only access is load');
  }
  assertNames(entry, r, declared);
  return entry;
}

type NameForm = 'exact' | 'image' | 'any' | 'siblings' | 'below';

/** A pattern grants names nobody has seen, so it must be one of the few forms, in the one place where each means something. */
function assertNames(entry: FileEntry, r: ObjectReader, declared: Declared): void {
  const form = formOf(entry.path, r.field('path'), declared);
  const other = entry.to === undefined ? undefined : formOf(entry.to, r.field('to'), declared);
  const takesPlain = form === 'exact' || form === 'siblings';
  if (other !== undefined && form !== other && !(takesPlain && (other === 'exact' || other === 'siblings')))
    refuse(r.field('to'), 'must be a pattern of the same kind as `path`');
  const named = form !== 'exact' || (other !== undefined && other !== 'exact');
  const parametrised = parameterOf(entry.path) !== undefined;
  if (!named && !parametrised) return;
  if (entry.access.some((a) => a === 'load' || a === 'link'))
    refuse(
      r.field('access'),
      'may not be load or link where the path is not exact: code is known by its name',
    );
  if (named && entry.origin !== undefined) refuse(r.field('origin'), 'has no place in a pattern');
  if (form === 'image' && !entry.access.every((a) => readActs.has(a)))
    refuse(r.field('access'), `may only be read or map of ${imageLeaf}`);
}

function formOf(path: string, field: string, declared: Declared): NameForm {
  if (!isNamedLikePattern(path)) return 'exact';
  const parameter = declaredParameter(path, field, 'volume', declared);
  const rest = parameter === undefined ? path : path.slice(path.indexOf('}') + 1);
  const [directory, leaf] = splitPath(rest);
  if (isNamedLikePattern(directory))
    refuse(field, 'is a pattern in a directory; only the last part may be one');
  if (!isNamedLikePattern(leaf)) return 'exact';
  if (isSensitivePath(path)) refuse(field, 'is a pattern over sensitive files, which are granted by name');
  return parameter === undefined ? anchoredForm(directory, leaf, field) : boundForm(leaf, field);
}

function anchoredForm(directory: string, leaf: string, field: string): NameForm {
  if (leaf === belowLeaf) return refuse(field, 'ends in ** without {volume:NAME} before it');
  if (!isAnchored(directory))
    return refuse(field, 'is a pattern whose first directory is not literal: it would be about any place');
  if (leaf !== imageLeaf) return anyOrSiblings(leaf, field);
  return directory.lastIndexOf('/') === 0
    ? 'image'
    : refuse(field, 'may only stand for a whole top directory');
}

function boundForm(leaf: string, field: string): NameForm {
  if (leaf === imageLeaf) return refuse(field, 'is about the image, which no volume is part of');
  return leaf === belowLeaf ? 'below' : anyOrSiblings(leaf, field);
}

function anyOrSiblings(leaf: string, field: string): NameForm {
  if (leaf === anyLeaf) return 'any';
  return isSiblingPattern(leaf) ? 'siblings' : refuse(field, 'mixes a pattern with other text');
}

/** The name of the parameter a text begins with; undefined when it is none. */
function declaredParameter(
  text: string,
  field: string,
  kind: SiteParameter['kind'],
  declared: Declared,
): string | undefined {
  if (!/^\{(?:site|volume):/.test(text)) return undefined;
  const parameter = parameterOf(text);
  if (parameter?.kind !== kind)
    return refuse(field, `is no parameter that may stand here; {${kind}:NAME} may`);
  if (!declared.has(`${kind}:${parameter.name}`))
    return refuse(field, `names the parameter ${parameter.name}, which \`parameters\` does not declare`);
  return parameter.name;
}

export function parseNetwork(value: unknown, field: string, declared: Declared): NetworkEntry {
  const r = new ObjectReader(value, field);
  const act = r.word('do', ['connect', 'listen', 'resolve'] as const);
  const inward = () => r.optional('inward', () => r.flag('inward'));
  const peer = (v: unknown, f: string): string => {
    const text = act === 'resolve' ? readText(v, f) : readFilled(v, f);
    if (isNamedLikePattern(text) && declaredParameter(text, f, 'site', declared) === undefined)
      refuse(f, 'is a pattern, which only files may be');
    return text;
  };
  if (act === 'resolve') return r.end({ do: act, name: r.value('name', peer), ...inward() });
  const transport = r.word('transport', transports);
  if (act === 'listen') return r.end({ do: act, transport, port: r.value('port', readPort) });
  return r.end({
    do: act,
    transport,
    peer: r.value('peer', peer),
    port: r.value('port', readPort),
    ...inward(),
  });
}
