import { type Origin, origins } from './event.ts';
import { type FileAct, type FileEntry, fileActs } from './fingerprint.ts';
import { PathPatterns } from './path-patterns.ts';
import { imageLeaf } from './pattern-names.ts';

/** What entries of one form grant, a bit per act in the order of `fileActs`. */
interface Grant {
  readonly access: readonly FileAct[];
  readonly mask: number;
}

/** Head of an entry: flags, where it came from, place of its access in `#grants` (two bytes). */
const head = 4;
const wideFlag = 1;
const toFlag = 2;
/** One of its names is a pattern: only code and links of that very name are meant by it. */
const patternFlag = 4;
/** A class of image reads: no file is called like it. */
const classFlag = 8;
const literalActs = maskOf(['load', 'link']);

/**
 * File entries of one program as flat bytes, to be asked by name: some 50 bytes an entry where objects and sets of
 * strings take 400. A node keeps some 200 000 of them. Exact: a hit is a comparison of every character, because whoever
 * is watched chooses the names.
 */
export class PackedFiles {
  readonly #bytes: Uint8Array;
  /** Offset of an entry + 1, by the hash of its name; 0 is free. */
  readonly #slots: Uint32Array;
  readonly #grants: readonly Grant[];
  /** Entries whose meaning depends on the site. */
  readonly hasParameters: boolean;

  constructor(files: readonly FileEntry[]) {
    const grants = new Map<string, number>();
    const lists: Grant[] = [];
    for (const { access } of files) {
      const key = access.join(' ');
      if (grants.has(key)) continue;
      grants.set(key, lists.length);
      lists.push({ access, mask: maskOf(access) });
    }
    this.#grants = lists;
    this.#bytes = new Uint8Array(files.reduce((n, f) => n + sizeOf(f), 0));
    this.#slots = new Uint32Array(slotsFor(files.length));
    this.hasParameters = files.some((f) => isBound(f.path) || (f.to !== undefined && isBound(f.to)));
    let at = 0;
    for (const f of files) {
      const end = write(this.#bytes, at, f, grants.get(f.access.join(' ')) ?? 0);
      // By its path too, once, so that whoever knows only the path finds that something may be done to it.
      if (f.to !== undefined && !this.knows(f.path)) this.#seat(hashOf(f.path, undefined), at);
      this.#seat(hashOf(f.path, f.to), at);
      at = end;
    }
  }

  /** Bytes it takes. */
  get size(): number {
    return this.#bytes.byteLength + this.#slots.byteLength;
  }

  /** All entries, as they were given. */
  *entries(): Generator<FileEntry> {
    for (let at = 0; at < this.#bytes.length; ) {
      const entry = this.#read(at);
      yield entry;
      at += sizeOf(entry);
    }
  }

  /** Whether this act is granted by this very name, not by a pattern or a class. */
  grants(act: FileAct, path: string, to: string | undefined): boolean {
    return this.#has(act, path, to, (at) => this.#exact(at));
  }

  /** Whether this very entry is among them; a pattern as it is written. */
  holds(act: FileAct, path: string, to: string | undefined): boolean {
    return this.#has(act, path, to, (at) => this.#grantAt(at).mask);
  }

  /** Whether anything at all may be done to this very path. */
  knows(path: string): boolean {
    return this.#find(path, undefined, (at) => this.#exact(at) !== 0) !== undefined;
  }

  /** Where what may be loaded under this path comes from, undefined where nobody told; undefined: nothing may. */
  loads(path: string): readonly (Origin | undefined)[] | undefined {
    const found: (Origin | undefined)[] = [];
    const bit = bitOf('load');
    this.#find(path, undefined, (at) => {
      if ((this.#grantAt(at).mask & bit) !== 0) found.push(originOf(this.#bytes[at + 1] ?? 0));
      return false;
    });
    return found.length === 0 ? undefined : found;
  }

  #has(act: FileAct, path: string, to: string | undefined, maskAt: (at: number) => number): boolean {
    const bit = bitOf(act);
    const accepts = (at: number): boolean =>
      (maskAt(at) & bit) !== 0 && this.#isAlsoNamed(at, path.length, to);
    return this.#find(path, to, accepts) !== undefined;
  }

  #exact(at: number): number {
    const flags = this.#flags(at);
    const { mask } = this.#grantAt(at);
    if ((flags & classFlag) !== 0) return 0;
    return (flags & patternFlag) === 0 ? mask : mask & literalActs;
  }

  #flags(at: number): number {
    return this.#bytes[at] ?? 0;
  }

  #grantAt(at: number): Grant {
    const grant = this.#grants[(this.#bytes[at + 2] ?? 0) * 256 + (this.#bytes[at + 3] ?? 0)];
    if (grant === undefined) throw new RangeError('an entry without access');
    return grant;
  }

  /** The first with this path that is accepted, of those seated by both names or, without another, by the path. */
  #find(path: string, to: string | undefined, accepts: (at: number) => boolean): number | undefined {
    const mask = this.#slots.length - 1;
    for (let i = hashOf(path, to) & mask; ; i = (i + 1) & mask) {
      const at = (this.#slots[i] ?? 0) - 1;
      if (at < 0) return undefined;
      if (this.#isNamed(at, path) && accepts(at)) return at;
    }
  }

  #isNamed(at: number, path: string): boolean {
    const bytes = this.#bytes;
    const length = lengthAt(bytes, at + head);
    const wide = (this.#flags(at) & wideFlag) !== 0;
    return length === path.length && isText(bytes, at + head + lengthSize(length), wide, path);
  }

  /** Whether its other name, after a path of this length, is this one, or it has none either. */
  #isAlsoNamed(at: number, length: number, to: string | undefined): boolean {
    const flags = this.#flags(at);
    if (to === undefined) return (flags & toFlag) === 0;
    if ((flags & toFlag) === 0) return false;
    const bytes = this.#bytes;
    const wide = (flags & wideFlag) !== 0;
    const next = at + head + lengthSize(length) + length * (wide ? 2 : 1);
    return lengthAt(bytes, next) === to.length && isText(bytes, next + lengthSize(to.length), wide, to);
  }

  #seat(hash: number, at: number): void {
    const mask = this.#slots.length - 1;
    let i = hash & mask;
    while (this.#slots[i] !== 0) i = (i + 1) & mask;
    this.#slots[i] = at + 1;
  }

  #read(at: number): FileEntry {
    const bytes = this.#bytes;
    const flags = this.#flags(at);
    const wide = (flags & wideFlag) !== 0;
    const origin = originOf(bytes[at + 1] ?? 0);
    const length = lengthAt(bytes, at + head);
    const from = at + head + lengthSize(length);
    const next = from + length * (wide ? 2 : 1);
    const path = textAt(bytes, from, length, wide);
    const { access } = this.#grantAt(at);
    const named = (flags & toFlag) === 0 ? {} : { to: secondAt(bytes, next, wide) };
    return { path, access, ...named, ...(origin === undefined ? {} : { origin }) };
  }
}

function secondAt(bytes: Uint8Array, at: number, wide: boolean): string {
  const length = lengthAt(bytes, at);
  return textAt(bytes, at + lengthSize(length), length, wide);
}

function bitOf(act: FileAct): number {
  return 1 << fileActs.indexOf(act);
}

function maskOf(acts: readonly FileAct[]): number {
  return acts.reduce((mask, act) => mask | bitOf(act), 0);
}

function originOf(number: number): Origin | undefined {
  return origins[number - 1];
}

function isBound(text: string): boolean {
  return text.startsWith('{volume:');
}

/** Two thirds full at most, with each entry in two places. */
function slotsFor(entries: number): number {
  let slots = 4;
  while (slots * 2 < entries * 3) slots *= 2;
  return slots * 2 > entries * 4 ? slots : slots * 2;
}

function isWide(f: FileEntry): boolean {
  return hasWide(f.path) || (f.to !== undefined && hasWide(f.to));
}

function hasWide(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return true;
  return false;
}

function sizeOf(f: FileEntry): number {
  const width = isWide(f) ? 2 : 1;
  const path = lengthSize(f.path.length) + f.path.length * width;
  return head + path + (f.to === undefined ? 0 : lengthSize(f.to.length) + f.to.length * width);
}

/** Lengths below 255 are one byte, others that and four more. */
function lengthSize(length: number): number {
  return length < 255 ? 1 : 5;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 255) return first;
  return (
    (bytes[at + 1] ?? 0) * 2 ** 24 +
    ((bytes[at + 2] ?? 0) << 16) +
    ((bytes[at + 3] ?? 0) << 8) +
    (bytes[at + 4] ?? 0)
  );
}

function write(bytes: Uint8Array, at: number, f: FileEntry, grant: number): number {
  const names = f.to === undefined ? [f.path] : [f.path, f.to];
  const wide = isWide(f);
  const isClass = f.path.endsWith(`/${imageLeaf}`);
  const isPattern = !isClass && names.some(PathPatterns.isPattern);
  bytes[at] =
    (wide ? wideFlag : 0) |
    (f.to === undefined ? 0 : toFlag) |
    (isPattern ? patternFlag : 0) |
    (isClass ? classFlag : 0);
  bytes[at + 1] = f.origin === undefined ? 0 : origins.indexOf(f.origin) + 1;
  bytes[at + 2] = grant >> 8;
  bytes[at + 3] = grant & 255;
  return names.reduce((to, name) => writeText(bytes, to, name, wide), at + head);
}

function writeText(bytes: Uint8Array, at: number, text: string, wide: boolean): number {
  const { length } = text;
  if (length < 255) bytes[at] = length;
  else bytes.set([255, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255], at);
  let to = at + lengthSize(length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (wide) bytes[to++] = code >> 8;
    bytes[to++] = code & 255;
  }
  return to;
}

/** From the end, where names of one directory differ. */
function isText(bytes: Uint8Array, from: number, wide: boolean, text: string): boolean {
  for (let i = text.length - 1; i >= 0; i--) {
    const code = wide
      ? ((bytes[from + 2 * i] ?? 0) << 8) | (bytes[from + 2 * i + 1] ?? 0)
      : (bytes[from + i] ?? 0);
    if (code !== text.charCodeAt(i)) return false;
  }
  return true;
}

const ascii = new TextDecoder();

function textAt(bytes: Uint8Array, from: number, length: number, wide: boolean): string {
  if (!wide) return ascii.decode(bytes.subarray(from, from + length));
  const codes: number[] = [];
  for (let i = 0; i < length; i++)
    codes.push(((bytes[from + 2 * i] ?? 0) << 8) | (bytes[from + 2 * i + 1] ?? 0));
  let out = '';
  // In parts: a call takes only so many arguments.
  for (let i = 0; i < length; i += 4_096) out += String.fromCharCode(...codes.slice(i, i + 4_096));
  return out;
}

/** FNV-1a: only says where to look. */
function hashOf(path: string, to: string | undefined): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  if (to !== undefined) {
    hash = Math.imul(hash, 0x01000193);
    for (let i = 0; i < to.length; i++) hash = Math.imul(hash ^ to.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
