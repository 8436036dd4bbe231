import { fieldTag, recordHead as head, recordFlag, recordType } from '../normalise/sensor-record.ts';
import type { KeyBuffer } from './record-cache.ts';

/** Told by a sweep, handled apart; and a string that is not the whole. */
const notTheWholeStory = recordFlag.found | recordFlag.truncated;

/** 1 KiB: a path of 900 characters with its head. Longer ones take the long way. */
const maxKeyWords = 256;

const mixer = 0x9e3779b1;

export function newKeyBuffer(): KeyBuffer {
  return { words: new Int32Array(maxKeyWords), length: 0, hash: 0 };
}

/**
 * A record that may be answered from the cache at all: an act on files, whose meaning stands in the record alone, or a
 * connect, whose peer has a name for a time. These change nothing in who is who. Looks at the head only.
 */
export function isRepeatable(view: DataView, at: number): boolean {
  const type = view.getUint16(at + head.type, true);
  const isFileAct = type >= recordType.open && type <= recordType.change;
  return (isFileAct || type === recordType.connect) && isWhole(view, at);
}

/** An accepted connection as the sensor writes it: who came is counted, never judged. */
export function isAccept(view: DataView, at: number, length: number): boolean {
  if (view.getUint16(at + head.type, true) !== recordType.accept || length < head.size + 8) return false;
  const isAddress = view.getUint16(at + head.size, true) === fieldTag.address;
  const bytes = view.getUint16(at + head.size + 2, true);
  // Without an address the normaliser makes no event of it.
  return isAddress && (bytes === 4 || bytes === 16) && length >= head.size + 4 + bytes && isWhole(view, at);
}

function isWhole(view: DataView, at: number): boolean {
  const flags = view.getUint16(at + head.flags, true);
  return (flags & notTheWholeStory) === 0 && view.getInt32(at + head.error, true) === 0;
}

/**
 * Fills `key` with everything of the record that decides its verdict, together with who acts. What differs between two
 * times the same program does the same thing is left out: time, pid, start and parent; the cgroup stands for the actor.
 *
 * @returns false when the record is too long or not shaped as it should be: then it is not for the cache.
 */
export function fillKey(key: KeyBuffer, actor: number, view: DataView, at: number, length: number): boolean {
  if (length < head.size || length >> 2 > maxKeyWords || (length & 3) !== 0) return false;
  const words = key.words;
  words[0] = actor;
  words[1] = view.getInt32(at + head.type, true);
  words[2] = view.getInt32(at + head.facts, true);
  let n = 3;
  for (let p = at + head.a; p < at + head.size; p += 4) words[n++] = view.getInt32(p, true);
  n = copyFields(words, n, view, at + head.size, at + length);
  if (n < 0) return false;
  key.length = n;
  key.hash = hashOf(words, n);
  return true;
}

/** Between fields stands whatever the kernel's buffer held before: masked, or equal records would differ. */
function copyFields(words: Int32Array, from: number, view: DataView, start: number, end: number): number {
  let n = from;
  let p = start;
  while (p < end) {
    const field = view.getInt32(p, true);
    words[n++] = field;
    p += 4;
    const bytes = field >>> 16;
    const rest = bytes & 3;
    const whole = p + bytes - rest;
    if (whole + (rest === 0 ? 0 : 4) > end) return -1;
    for (; p < whole; p += 4) words[n++] = view.getInt32(p, true);
    if (rest === 0) continue;
    words[n++] = view.getInt32(p, true) & ((1 << (rest * 8)) - 1);
    p += 4;
  }
  return n;
}

function hashOf(words: Int32Array, length: number): number {
  let hash = 0x243f6a88;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), mixer);
    hash ^= hash >>> 15;
  }
  return hash;
}
