import type { BehaviourOf } from './behaviour.ts';
import { readActs } from './generalise-forms.ts';
import { usrMerged } from './image-path.ts';
import { memoised } from './memo.ts';
import { imageLeaf, isWholePath } from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';

/**
 * `/usr/lib/x` → `/usr/{image}`, or nothing where only the exact name will do. The image's digest says already what its
 * files hold, so that reading another of them says little of the program.
 */
const classOfPath = memoised((path) => {
  const end = path.indexOf('/', 1);
  // A file directly in `/` would give a class without a literal part.
  if (end < 2 || !/^\/[^{}]*$/.test(path.slice(0, end)) || !isWholePath(path)) return '';
  return isSensitivePath(path) ? '' : classEntry(`${path.slice(0, end)}/${imageLeaf}`);
}, 16_384);

/**
 * `/lib/{image}` is `/usr/{image}`: nearly everywhere `/bin`, `/sbin` and `/lib*` are links into `/usr`, and of the two
 * names of a library one source tells the one that was asked for, another the real one.
 */
export function classEntry(path: string): string {
  return usrMerged(path).replace(/^\/usr\/.*$/, `/usr/${imageLeaf}`);
}

/**
 * The class under which reads of unmodified files of the image are learned and judged. Undefined: by exact name, as
 * are sensitive files and whatever did not come from the image or whose origin nobody told.
 */
export function imageClassOf(b: BehaviourOf<'open'>): string | undefined {
  return b.origin === 'image' ? readClassOf(b) : undefined;
}

const often = /^\/(?:etc|var\/(?:backups|cache|lib|log|spool))\//;

/**
 * Whether a read of an image's file is remembered by its name too: settings and data come from the image in one place and
 * from a volume mounted there in another.
 */
export function keepsName(path: string): boolean {
  return often.test(path);
}

/** The class that may cover a read in a verdict: a source that cannot tell layers says nothing against the image. */
export function imageClassCovering(b: BehaviourOf<'open'>): string | undefined {
  return b.origin === 'image' || b.origin === undefined ? readClassOf(b) : undefined;
}

function readClassOf({ access, path }: BehaviourOf<'open'>): string | undefined {
  if (!readActs.has(access)) return undefined;
  return classOfPath(path) || undefined;
}
