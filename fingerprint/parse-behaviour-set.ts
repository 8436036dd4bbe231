import { roots } from './behaviour.ts';
import { maxArgs, maxHooks } from './behaviour-json.ts';
import { FingerprintError } from './errors.ts';
import { origins, privileges } from './event.ts';
import type { BehaviourSet, PrivilegeEntry, Program, SiteParameter } from './fingerprint.ts';
import { maxEntries } from './limits.ts';
import { ObjectReader, readFilled, readText, readWord, refuse } from './object-reader.ts';
import { type Declared, declaredNames, parseFile, parseNetwork } from './parse-entries.ts';
import { rootParent } from './program.ts';
import { ProgramSet } from './program-set.ts';

/**
 * Reads `behaviour` or `removed` of a baseline or statement and brings it into canonical form.
 *
 * @param declared site parameters that its entries may name
 * @throws SCHEMA, TOO_LARGE
 */
export function parseBehaviourSet(
  value: unknown,
  field: string,
  declared: readonly SiteParameter[] = [],
): BehaviourSet {
  const r = new ObjectReader(value, field);
  const known = declaredNames(declared);
  const programs = r.list('programs', (v, f) => parseProgram(v, f, known), maxEntries);
  assertSize(programs, field);
  assertParents(programs, r.field('programs'));
  const set = new ProgramSet();
  set.addSet({ programs });
  return r.end(set.toSet());
}

function parseProgram(value: unknown, field: string, declared: Declared): Program {
  const r = new ObjectReader(value, field);
  const id = (v: unknown, f: string): string => readName(v, f, /^p(0|[1-9]\d{0,5})$/, 'p and a number');
  const parent = (v: unknown, f: string): string =>
    readName(v, f, /^(p(0|[1-9]\d{0,5})|#[a-z]+)$/, 'the id of a program, or # and a root');
  return r.end({
    id: r.value('id', id),
    root: r.word('root', roots),
    ...r.optional('parent', () => r.value('parent', readFilled)),
    parents: r.list('parents', parent, maxEntries),
    exe: r.value('exe', readFilled),
    origins: r.list('origins', (v, f) => readWord(v, f, origins), origins.length),
    args: r.list('args', parseArgs, maxEntries),
    env: r.list('env', readFilled, maxHooks),
    files: r.list('files', (v, f) => parseFile(v, f, declared), maxEntries),
    network: r.list('network', (v, f) => parseNetwork(v, f, declared), maxEntries),
    privileges: r.list('privileges', parsePrivilege, maxEntries),
  });
}

function readName(value: unknown, field: string, form: RegExp, wanted: string): string {
  const text = readText(value, field, 40);
  return form.test(text) ? text : refuse(field, `must be ${wanted}`);
}

function parseArgs(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.length > maxArgs)
    return refuse(field, `must be a list of at most ${maxArgs} arguments`);
  return value.map((v: unknown, i) => readText(v, `${field}[${i}]`));
}

function assertSize(programs: readonly Program[], field: string): void {
  let entries = programs.length;
  for (const p of programs)
    entries += p.args.length + p.files.length + p.network.length + p.privileges.length;
  if (entries <= maxEntries) return;
  throw new FingerprintError('TOO_LARGE', `has ${entries} entries, at most ${maxEntries} are read`, {
    field,
  });
}

function parsePrivilege(value: unknown, field: string): PrivilegeEntry {
  const r = new ObjectReader(value, field);
  return r.end({
    privilege: r.word('privilege', privileges),
    ...r.optional('detail', () => r.text('detail')),
  });
}

/** Ids name one program each, and `parents` agree with `parent`: else the same text could mean two trees. */
function assertParents(programs: readonly Program[], field: string): void {
  const byId = new Map<string, Program>();
  for (const [i, p] of programs.entries()) {
    if (byId.has(p.id)) refuse(`${field}[${i}].id`, 'is used twice');
    byId.set(p.id, p);
  }
  for (const [i, p] of programs.entries()) {
    for (const [k, id] of p.parents.entries()) {
      if (!startedBy(p, id, byId))
        refuse(`${field}[${i}].parents[${k}]`, 'names no program that runs `parent`');
    }
  }
}

function startedBy(p: Program, id: string, byId: ReadonlyMap<string, Program>): boolean {
  if (id.startsWith('#')) return p.parent === undefined && id === rootParent(p.root);
  const starter = byId.get(id);
  return starter !== undefined && starter.root === p.root && starter.exe === p.parent;
}
