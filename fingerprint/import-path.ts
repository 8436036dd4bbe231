import type { LeftOutReason } from './import-draft.ts';
import { anyLeaf, isNamedLikePattern } from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';

/** What a mark in a foreign path stands for. */
export interface PathMark {
  /** One whole segment, or a part of one: exactly one name. */
  readonly one: string;
  /** Any number of segments. */
  readonly many?: string;
}

export type Translated =
  | { readonly path: string; readonly isPattern: boolean; readonly isDated: boolean }
  | { readonly leftOut: LeftOutReason };

/** Where names come with the image: a drawn name there is no data directory. */
const codeDirectory = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|boot|proc|sys|dev)(?:\/|$)/;

/**
 * A foreign path as the paths of ours that mean the same. A marked segment in the middle is what both known formats make
 * of a process directory, or of the dated directory behind `..data` of a Kubernetes volume; at the end it is a data
 * directory. What else a mark may stand for has no form here: a pattern of ours has one variable part, the last.
 */
export function translatePath(path: string, mark: PathMark): Translated {
  if (!path.startsWith('/')) return { leftOut: 'incomplete' };
  if (isNamedLikePattern(path)) return { leftOut: 'like-a-pattern' };
  const segments = path.slice(1).split('/');
  const isMarked = (s: string): boolean =>
    s.includes(mark.one) || (mark.many !== undefined && s.includes(mark.many));
  if (!segments.some(isMarked)) return { path, isPattern: false, isDated: false };
  if (segments.filter((s) => s !== '' && !isMarked(s)).length === 0) return { leftOut: 'accepts-anything' };
  if (mark.many !== undefined && segments.some((s) => s.includes(mark.many ?? '')))
    return { leftOut: 'not-expressible' };
  const named = segments.map((s, i) => nameOf(s, i, segments, mark.one));
  if (named.includes(undefined)) return { leftOut: 'not-expressible' };
  const result = `/${named.join('/')}`;
  return isSensitivePath(result) && result.endsWith(`/${anyLeaf}`)
    ? { leftOut: 'accepts-anything' }
    : { path: result, isPattern: true, isDated: named.includes('..data') && !segments.includes('..data') };
}

function nameOf(segment: string, at: number, segments: readonly string[], one: string): string | undefined {
  if (!segment.includes(one)) return segment;
  const above = segments[at - 1] ?? '';
  const isLast = at === segments.length - 1;
  if (segment !== one) {
    // `/tmp/tmp.*`: mktemp draws the rest of the name.
    const begin = segment.endsWith(one) && ['tmp', 'var/tmp'].includes(segments.slice(0, at).join('/'));
    return begin && isLast && segment !== one ? `${segment.slice(0, -one.length)}{rand}` : undefined;
  }
  if (segments[0] === 'proc' && (at === 1 || above === 'task')) return '{pid}';
  if (!isLast) return segments[0] === 'proc' ? undefined : '..data';
  // A directory at least below a top one: `/{any}` and `/tmp/{any}` would say nothing.
  const directory = `/${segments.slice(0, at).join('/')}`;
  return at >= 1 && !codeDirectory.test(directory) && !/^\/(?:tmp|var\/tmp|etc|run|root)$/.test(directory)
    ? anyLeaf
    : undefined;
}
