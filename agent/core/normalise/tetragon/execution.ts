import type { EventOf } from '../../../../fingerprint/event.ts';
import { baseName } from '../../../../fingerprint/program.ts';
import { memoryMark } from './file-hooks.ts';
import type { Process } from './messages.ts';

type Execution = Omit<EventOf<'exec'>, 'time' | 'process'>;

/** As many as an event may hold. */
const maxArguments = 2_048;

/**
 * What a process executed, as Tetragon tells it: the name the call was made with, the arguments as one text, the
 * directory.
 *
 * @param loaded the file whose image the kernel loaded, where our policy told it: for a script its interpreter
 * @param caller what the process that made the call ran
 * @returns undefined when Tetragon could not read the name
 */
export function executionOf(
  process: Process,
  loaded: string | undefined,
  caller: string | undefined,
): Execution | undefined {
  const called = absolute(process.binary);
  const exe = loaded ?? throughProc(process, called, caller);
  if (exe === undefined) return undefined;
  const flags = new Set((process.flags ?? '').split(' '));
  const words = wordsOf(process.arguments ?? '');
  const isScript = called !== undefined && called !== exe && words.slice(0, 2).includes(called);
  const cut = ['truncArgs', 'errorArgs', 'truncFilename', 'errorFilename'].some((mark) => flags.has(mark));
  return {
    kind: 'exec',
    exe,
    ...(called === undefined || called === exe ? {} : { file: called }),
    args: [firstWord(isScript ? exe : nameOf(called, exe)), ...words].slice(0, maxArguments),
    ...cwdOf(process, flags),
    ...originOf(process, exe),
    ...(cut ? { truncated: true } : {}),
  };
}

/** Where the call went by way of /proc: to what the caller ran itself, or to a file that has no other name. */
function throughProc(
  { binary_properties: properties }: Process,
  called: string | undefined,
  caller: string | undefined,
): string | undefined {
  if (called === '/proc/self/exe') return caller ?? called;
  return called?.startsWith('/proc/') === true ? (absolute(properties?.file?.path) ?? called) : called;
}

function absolute(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  return name.startsWith('/') ? name : `/${name}`;
}

/** Of a descriptor or of the process itself: what is executed has another name. */
function nameOf(called: string | undefined, exe: string): string {
  return called === undefined || called.startsWith('/proc/') ? exe : called;
}

/**
 * Tetragon leaves the first argument out, which by custom is the name the program was called by. Four in five times it
 * is the last part of the path (bpf-fixtures/corpus: 326 of 429).
 */
function firstWord(name: string): string {
  return baseName(name);
}

/**
 * Arguments out of one text: joined by blanks, those that hold blanks in quotation marks, which are not escaped. So an
 * argument that holds both a quotation mark and a blank cannot always be told from two; the same arguments give the same
 * words always.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  if (text === '') return words;
  // The first of all, in quotation marks, is written with a blank before it.
  let at = text.startsWith(' "') ? 1 : 0;
  while (at <= text.length) {
    const quoted = text[at] === '"' ? closing(text, at) : -1;
    const end = quoted < 0 ? blankFrom(text, at) : quoted + 1;
    words.push(quoted < 0 ? text.slice(at, end) : text.slice(at + 1, quoted));
    at = end + 1;
  }
  return words;
}

/** Where the first quotation mark stands that could close this one, with a blank in between; -1: it opens nothing. */
function closing(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    const ends = at + 1 === text.length || text[at + 1] === ' ';
    if (ends && text.slice(from + 1, at).includes(' ')) return at;
  }
  return -1;
}

function blankFrom(text: string, at: number): number {
  const blank = text.indexOf(' ', at);
  return blank < 0 ? text.length : blank;
}

function cwdOf({ cwd }: Process, flags: ReadonlySet<string>): { readonly cwd?: string } {
  if (flags.has('rootcwd')) return { cwd: '/' };
  if (cwd === undefined || !cwd.startsWith('/')) return {};
  return { cwd: cwd.replace(/(?<=.)\/+$/, '') };
}

/** Whose file has no name on any disk: an anonymous file, or one that was removed before it was executed. */
function originOf({ binary_properties: properties }: Process, exe: string): { readonly origin?: 'memory' } {
  const inode = properties?.file?.inode;
  if (inode?.number !== undefined && inode.number !== 0 && (inode.links ?? 0) === 0)
    return { origin: 'memory' };
  return memoryMark(exe);
}
