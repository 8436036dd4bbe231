import { closeSync, lstatSync, readFileSync } from 'node:fs';
import type { Origin, ProcessRef } from '../../fingerprint/event.ts';
import type { CodeBytes, CodeQuestion } from '../ports/containers.ts';
import { Budget } from './code-bytes/budget.ts';
import { inLayers } from './code-bytes/in-layers.ts';
import { isLocal, layersBelow, type Mount, mountOf, parseMounts } from './code-bytes/mounts.ts';
import { sameBytes } from './code-bytes/same-bytes.ts';
import { isUnchanged, openSteady, type SteadyFile } from './code-bytes/steady-file.ts';
import { readAlive } from './linux/process-proc.ts';

export interface CodeBytesOptions {
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Who waits for the answer is the way of all events: a look takes 0.2 ms, a search in other images ten layers deep 2 ms
 * each, 32 MB with their hash 30 ms from the page cache and half a second from a slow disk; the sensor's rings hold more
 * than a second. An application whose folder was given to another user at start loads some thousand modules a second.
 */
const budget = { looks: 2_000, bytes: 32 << 20 };
const searchCost = 20;
/** A mount table is as long as the machine has mounts; new ones of a copy are rare, and told. */
const mountsHoldUs = 1_000_000;
const maxTables = 256;
/** Files whose bytes were compared; each is told apart by what it was at that time. */
const maxKnown = 4_096;
/** Where a tool lies that is handed over; the same path as here is tried too. */
const usualFolders = [
  '',
  '/bin',
  '/sbin',
  '/usr/bin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/lib',
  '/lib64',
  '/usr/lib',
  '/usr/lib64',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/local/lib',
  '/usr/libexec',
  '/opt',
  '/app',
];

type Answer = { readonly origin: Origin; readonly sha256?: string } | undefined;

/**
 * Looks whether bytes that were written into a container are the image's own after all (a copy-up by chmod or touch), or
 * those of another image of its pod. Whatever cannot be looked at with certainty stays what the source said: that is
 * always the graver word.
 */
export function codeBytes(options: CodeBytesOptions): CodeBytes {
  return new Looker(options);
}

class Looker implements CodeBytes {
  readonly #budget: Budget;
  readonly #known = new Map<string, Answer>();
  readonly #now: () => number;
  readonly #tables = new Map<string, { readonly at: number; readonly mounts: readonly Mount[] }>();
  readonly #ids = new WeakMap<CodeQuestion['podImages'], number>();
  #lastId = 0;
  readonly #counts = {
    'bytes.looked': 0,
    'bytes.otherwise': 0,
    'bytes.unsettled': 0,
    'bytes.over-budget': 0,
  };

  constructor({ now }: CodeBytesOptions) {
    this.#now = now;
    this.#budget = new Budget(now, budget);
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  of(question: CodeQuestion): Answer {
    const { origin, podImages } = question;
    // Only a copy-up can be the image's; only a pod with other images can hand over their files.
    if (origin !== 'upper' && podImages.length === 0) return undefined;
    if (!this.#budget.mayLook()) return this.#count('bytes.over-budget');
    this.#counts['bytes.looked'] += 1;
    const process = question.within.find((one) => readAlive(one) !== undefined);
    const mount = process === undefined ? undefined : this.#mountUnder(process, question);
    if (process === undefined || mount === undefined) return this.#count('bytes.unsettled');
    const file = openSteady(`/proc/${process.pid}/root`, question.path, question.time);
    if (file === undefined) return this.#count('bytes.unsettled');
    try {
      // Its pid may have become another's before the file was opened.
      return readAlive(process) === undefined
        ? this.#count('bytes.unsettled')
        : this.#answer(question, mount, file);
    } catch {
      // A layer that cannot be read says nothing of what it holds.
      return this.#count('bytes.unsettled');
    } finally {
      closeSync(file.fd);
    }
  }

  #answer(question: CodeQuestion, mount: Mount, file: SteadyFile): Answer {
    const { dev, ino, ctimeNs, size } = file.stat;
    const { path, podImages } = question;
    const key = [dev, ino, ctimeNs, size, path, mount.options, this.#idOf(podImages)].join('\n');
    if (this.#known.has(key)) return this.#known.get(key);
    if (podImages.length > 0 && !this.#budget.mayLook(searchCost)) return this.#count('bytes.over-budget');
    let answer: Answer;
    for (const candidate of candidates(question, mount, Number(size))) {
      if (!this.#budget.mayRead(Number(size))) return this.#count('bytes.over-budget');
      const sha256 = sameBytes(file.fd, Number(size), candidate.path);
      if (sha256 === undefined) continue;
      answer = candidate.origin === 'image' ? { origin: 'image' } : { origin: 'carried', sha256 };
      break;
    }
    // Whoever wrote into it while it was read gets no answer.
    if (!isUnchanged(file)) return this.#count('bytes.unsettled');
    if (answer !== undefined) this.#counts['bytes.otherwise'] += 1;
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, answer);
    return answer;
  }

  /** The mount that holds the file, if it can be asked without waiting for anybody, and can have been copied up on. */
  #mountUnder(process: ProcessRef, { path, origin }: CodeQuestion): Mount | undefined {
    const mount = mountOf(path, this.#mountsOf(process));
    if (mount === undefined || !isLocal(mount)) return undefined;
    return origin === 'upper' && (mount.point !== '/' || mount.type !== 'overlay') ? undefined : mount;
  }

  #mountsOf({ pid, start }: ProcessRef): readonly Mount[] {
    const key = `${pid}:${start}`;
    const now = this.#now();
    const known = this.#tables.get(key);
    if (known !== undefined && now >= known.at && now - known.at < mountsHoldUs) return known.mounts;
    if (this.#tables.size >= maxTables) this.#tables.clear();
    const mounts = parseMounts(readMounts(pid));
    this.#tables.set(key, { at: now, mounts });
    return mounts;
  }

  /** Of a pod's images: their paths would make each key a page long. */
  #idOf(podImages: CodeQuestion['podImages']): number {
    const known = this.#ids.get(podImages);
    if (known !== undefined) return known;
    this.#lastId += 1;
    this.#ids.set(podImages, this.#lastId);
    return this.#lastId;
  }

  #count(name: 'bytes.unsettled' | 'bytes.over-budget'): undefined {
    this.#counts[name] += 1;
    return undefined;
  }
}

function readMounts(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}

/** Files of images that it may be a copy of: those of its size. */
function* candidates(
  { origin, path, podImages }: CodeQuestion,
  mount: Mount,
  size: number,
): Generator<{ readonly origin: 'image' | 'carried'; readonly path: string }> {
  if (origin === 'upper') {
    const own = inLayers(layersBelow(mount), path);
    if (own !== undefined && sizeOf(own) === size) yield { origin: 'image', path: own };
  }
  const name = path.slice(path.lastIndexOf('/'));
  for (const layers of podImages) {
    for (const at of new Set([path, ...usualFolders.map((folder) => folder + name)])) {
      const theirs = inLayers(layers, at);
      if (theirs !== undefined && sizeOf(theirs) === size) yield { origin: 'carried', path: theirs };
    }
  }
}

function sizeOf(path: string): number {
  return lstatSync(path).size;
}
