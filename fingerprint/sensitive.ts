import type { Behaviour } from './behaviour.ts';
import { neverLearnableRows } from './never-learnable-rows.ts';
import { isNamedLikePattern } from './pattern-names.ts';
import { sensitiveRows } from './sensitive-rows.ts';

/** Raise when a row is added: a fingerprint says which list its entries were learned under. */
export const sensitiveVersion = 1;

/** One alternation: a path is tested on every open, and one pass of the engine costs less than ten. */
const sensitive = new RegExp(sensitiveRows.map((row) => `(?:${row.find.source})`).join('|'));

/** Whether reading, writing, linking or moving this file is judged by its exact name alone. */
export function isSensitivePath(path: string): boolean {
  return sensitive.test(path);
}

/** Every file an act is about: a link to a sensitive file, or a move onto one, is as grave as touching it. */
export function pathsOf(b: Behaviour): readonly string[] {
  switch (b.kind) {
    case 'open':
    case 'delete':
    case 'load':
      return [b.path];
    case 'link':
      return [b.path, b.target];
    case 'rename':
      return [b.path, b.to];
    case 'connect':
      return b.transport === 'unix' ? [b.peer] : [];
    case 'exec':
    case 'listen':
    case 'resolve':
    case 'privilege':
      return [];
  }
}

export function touchesSensitive(b: Behaviour): boolean {
  return pathsOf(b).some(isSensitivePath);
}

/** Devices without state: opening them says nothing about a workload, so they are neither learned nor judged. */
const freePaths: ReadonlySet<string> = new Set([
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  '/dev/stdin',
  '/dev/stdout',
  '/dev/stderr',
]);

/** Kernel's limits, the processors, time zones and translations: what of them is read differs with uid, locale and mounts. */
const freeReads: ReadonlySet<string> = new Set([
  '/proc/{limits}',
  '/sys/devices/system/{class}',
  '/sys/fs/cgroup/{class}',
  '/usr/share/locale/{class}',
  '/usr/share/zoneinfo/{class}',
]);

/**
 * Capabilities that decide over files of others: whether they are asked for depends on whose the files are, which a volume
 * or another user changes. What is done with a file is judged by its name.
 */
const ownershipCapabilities: ReadonlySet<string | undefined> = new Set([
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
]);

/** Converters of character sets, where they are the image's own: which are loaded is the locale's doing. */
const freeLoads = /^\/usr\/lib(?:64|\/[a-z0-9_]+-linux-gnu)?\/gconv\/\{class\}$/;

export function isFree(b: Behaviour): boolean {
  if (b.kind === 'privilege') return b.privilege === 'capability' && ownershipCapabilities.has(b.detail);
  if (b.kind === 'load') return b.origin === 'image' && freeLoads.test(b.path);
  return b.kind === 'open' && (freePaths.has(b.path) || (b.access === 'read' && freeReads.has(b.path)));
}

/**
 * What no amount of watching makes normal, only approval by name (DESIGN §5): code from outside image and volumes,
 * ways out of the container, and programs a person started inside.
 */
export function neverLearnable(b: Behaviour): boolean {
  return neverLearnableRows.some((row) => row.applies(b));
}

/** Executables that exist in memory alone: what they do is never learned, even when their exec was missed. */
const inMemory = /^\/?(memfd:|dev\/shm\/)/;

/**
 * Whether learning may keep it. Narrower than `neverLearnable`: what an interactive session or a program in memory does
 * is not the workload's behaviour, each act alone telling so, so that splitting the events cannot change the answer.
 */
export function learnable(b: Behaviour): boolean {
  if (b.root === 'interactive' || b.lineage.some((exe) => inMemory.test(exe))) return false;
  return !neverLearnable(b) && !isFree(b) && !hidesSensitive(b) && !posesAsPattern(b);
}

/** Named as only patterns and parameters are: learned, it would grant what they grant. */
export function posesAsPattern(b: Behaviour): boolean {
  switch (b.kind) {
    case 'load':
    case 'open':
    case 'delete':
      return isNamedLikePattern(b.path);
    case 'link':
      return isNamedLikePattern(b.path) || isNamedLikePattern(b.target);
    case 'rename':
      return isNamedLikePattern(b.path) || isNamedLikePattern(b.to);
    case 'connect':
      return isNamedLikePattern(b.peer);
    case 'resolve':
      return isNamedLikePattern(b.name);
    case 'exec':
    case 'listen':
    case 'privilege':
      return false;
  }
}

/** A sensitive file whose name was redacted has lost the exactness it must be judged with. */
function hidesSensitive(b: Behaviour): boolean {
  return pathsOf(b).some((path) => path.includes('{secret}') && isSensitivePath(path));
}
