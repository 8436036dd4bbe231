const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Bytes of the watched world as text that loses nothing that could tell two names apart: what is not UTF-8 is written
 * `\xHH` per byte, and so is NUL, which no text may hold. Still untrusted; printable() before it is shown.
 */
export function textOf(bytes: Uint8Array): string {
  if (isPlainAscii(bytes))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  try {
    const text = utf8.decode(bytes);
    return text.includes('\0') ? text.replaceAll('\0', '\\x00') : text;
  } catch {
    return escapeInvalid(bytes);
  }
}

function isPlainAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte === 0 || byte > 0x7f) return false;
  return true;
}

/** Keeps each valid sequence, escapes each byte that begins none. */
function escapeInvalid(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const length = validLength(bytes, i);
    const byte = bytes[i] ?? 0;
    text += length === 0 || byte === 0 ? `\\x${hex(byte)}` : utf8.decode(bytes.subarray(i, i + length));
    i += Math.max(length, 1);
  }
  return text;
}

function validLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    utf8.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Components from leaf to root, each ended by NUL, as the kernel half walks them. */
export function pathOf(bytes: Uint8Array): string {
  let path = '';
  let end = bytes.length;
  // The last component ends with NUL; one that was cut does not, and is kept as it is.
  if (end > 0 && bytes[end - 1] === 0) end--;
  for (let i = end; i >= 0; i--) {
    if (i > 0 && bytes[i - 1] !== 0) continue;
    path += `/${textOf(bytes.subarray(i, end))}`;
    end = i - 1;
  }
  return path;
}

/** NUL between, as in /proc/<pid>/cmdline. */
export function argsOf(bytes: Uint8Array): string[] {
  const args: string[] = [];
  let from = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0) continue;
    args.push(textOf(bytes.subarray(from, i)));
    from = i + 1;
  }
  if (from < bytes.length) args.push(textOf(bytes.subarray(from)));
  return args;
}

/**
 * A name as a program wrote it, made absolute: relative to `base`, for an absolute one to the root it was looked up in.
 * `.` and `..` are resolved by the letter: what a symbolic link in between points to, nobody can tell afterwards.
 */
export function resolvePath(base: string, name: string): string {
  const parts: string[] = [];
  for (const part of `${base}/${name}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** 4 or 16 bytes; IPv4 in IPv6 is written as the IPv4 it is. */
export function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return bytes.subarray(12).join('.');
  return compress(groups);
}

/** RFC 5952: the longest run of two or more zero groups becomes `::`, the first of equals. */
function compress(groups: readonly number[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length <= bestLength) continue;
    best = i;
    bestLength = length;
  }
  const hexes = groups.map((g) => g.toString(16));
  if (best < 0) return hexes.join(':');
  return `${hexes.slice(0, best).join(':')}::${hexes.slice(best + bestLength).join(':')}`;
}
