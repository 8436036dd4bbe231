import { roots } from './behaviour.ts';
import { maxArgs, maxHooks, readPort } from './behaviour-json.ts';
import { FingerprintError } from './errors.ts';
import { behaviourKinds, origins, privileges, transports } from './event.ts';
import {
  type Baseline,
  type BehaviourSet,
  type FileEntry,
  fileActs,
  type NetworkEntry,
  type Observation,
  type PrivilegeEntry,
  type Program,
  type RuleVersion,
} from './fingerprint.ts';
import { isDigest, isSubjectName } from './image-ref.ts';
import { ObjectReader, readText, readWord, refuse } from './object-reader.ts';
import { compareText, rootParent } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { parseTimestamp } from './timestamp.ts';
import type { Subject } from './workload.ts';

/**
 * The most entries (argument vectors, files, peers, privileges and programs together) one fingerprint may hold: five
 * times the largest published one, and what an agent with 110 workloads can keep in memory.
 */
const maxEntries = 20_000;
/** How many instance ids an observation keeps (docs/format.md, merging). */
export const maxInstances = 64;

/**
 * Reads a baseline from JSON of unknown origin and brings its behaviour into canonical form.
 * @throws SCHEMA (unknown members included), TOO_LARGE
 */
export function parseBaseline(value: unknown): Baseline {
  const r = new ObjectReader(value, '');
  return r.end({
    format: r.word('format', ['whorl-baseline/v1'] as const),
    subject: r.value('subject', parseSubject),
    rules: r.value('rules', parseRules),
    coverage: [
      ...new Set(r.list('coverage', (v, f) => readWord(v, f, behaviourKinds), behaviourKinds.length)),
    ].sort(compareText),
    behaviour: r.value('behaviour', parseBehaviourSet),
    observation: r.value('observation', parseObservation),
  });
}

/** Reads `behaviour` of a baseline or statement. @throws SCHEMA, TOO_LARGE */
export function parseBehaviourSet(value: unknown, field: string): BehaviourSet {
  const r = new ObjectReader(value, field);
  const programs = r.list('programs', parseProgram, maxEntries);
  assertSize(programs, field);
  assertParents(programs, r.field('programs'));
  const set = new ProgramSet();
  set.addSet({ programs });
  return r.end(set.toSet());
}

export function parseSubject(value: unknown, field: string): Subject {
  const r = new ObjectReader(value, field);
  const subject = r.end({ name: r.text('name'), digest: r.text('digest') });
  if (!isSubjectName(subject.name)) refuse(r.field('name'), 'must be an image repository or a service name');
  if (!isDigest(subject.digest))
    refuse(r.field('digest'), 'must be sha256: and 64 lower-case hexadecimal digits');
  return subject;
}

function parseRules(value: unknown, field: string): RuleVersion {
  const r = new ObjectReader(value, field);
  return r.end({
    normaliser: r.integer('normaliser', 1, 1_000_000),
    generaliser: r.integer('generaliser', 1, 1_000_000),
    sensitive: r.integer('sensitive', 1, 1_000_000),
  });
}

function parseObservation(value: unknown, field: string): Observation {
  const r = new ObjectReader(value, field);
  return r.end({
    startedAt: r.value('startedAt', readTimestamp),
    finishedAt: r.value('finishedAt', readTimestamp),
    source: r.text('source', 256),
    events: r.integer('events'),
    lost: r.integer('lost'),
    instances: r.list('instances', (v, f) => readText(v, f, 256), maxInstances),
  });
}

function readTimestamp(value: unknown, field: string): string {
  const text = readText(value, field, 40);
  return parseTimestamp(text) === undefined
    ? refuse(field, 'must be a time such as 2026-05-01T08:00:00Z')
    : text;
}

function parseProgram(value: unknown, field: string): Program {
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
    files: r.list('files', parseFile, maxEntries),
    network: r.list('network', parseNetwork, maxEntries),
    privileges: r.list('privileges', parsePrivilege, maxEntries),
  });
}

function readFilled(value: unknown, field: string): string {
  const text = readText(value, field);
  return text === '' ? refuse(field, 'is empty') : text;
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

function parseFile(value: unknown, field: string): FileEntry {
  const r = new ObjectReader(value, field);
  const entry = r.end({
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
  if (entry.origin !== undefined && others && (entry.origin !== 'volume' || entry.to !== undefined)) {
    refuse(r.field('origin'), 'may only be volume, unless the only access is load');
  }
  return entry;
}

function parseNetwork(value: unknown, field: string): NetworkEntry {
  const r = new ObjectReader(value, field);
  const act = r.word('do', ['connect', 'listen', 'resolve'] as const);
  const inward = () => r.optional('inward', () => r.flag('inward'));
  if (act === 'resolve') return r.end({ do: act, name: r.text('name'), ...inward() });
  const transport = r.word('transport', transports);
  if (act === 'listen') return r.end({ do: act, transport, port: r.value('port', readPort) });
  return r.end({
    do: act,
    transport,
    peer: r.value('peer', readFilled),
    port: r.value('port', readPort),
    ...inward(),
  });
}

function parsePrivilege(value: unknown, field: string): PrivilegeEntry {
  const r = new ObjectReader(value, field);
  return r.end({
    privilege: r.word('privilege', privileges),
    ...r.optional('detail', () => r.text('detail')),
  });
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
