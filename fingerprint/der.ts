/** One element of DER: its tag and its content. */
export interface DerElement {
  readonly tag: number;
  readonly body: Uint8Array;
}

export const derTags = { integer: 0x02, octets: 0x04, null: 0x05, oid: 0x06, sequence: 0x30 } as const;

/**
 * The elements that stand one after the other in `bytes`, or undefined when they do not fill it exactly. Lengths in the
 * one form DER allows: a second form would be read by one library and refused by another.
 */
export function derElements(bytes: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = lengthAt(bytes, at + 1);
    const tag = bytes[at];
    if (header === undefined || tag === undefined) return undefined;
    const end = header.next + header.length;
    if (end > bytes.length) return undefined;
    elements.push({ tag, body: bytes.subarray(header.next, end) });
    at = end;
  }
  return elements;
}

/** Up to 65 535: key files are smaller than that by far. */
function lengthAt(bytes: Uint8Array, at: number): { length: number; next: number } | undefined {
  const [first, high = 0, low = 0] = bytes.subarray(at);
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, next: at + 1 };
  if (first === 0x81 && high >= 0x80) return { length: high, next: at + 2 };
  return first === 0x82 && high > 0 ? { length: high * 256 + low, next: at + 3 } : undefined;
}

/** A positive INTEGER of at most 32 bits in its shortest form. */
export function derInteger({ tag, body }: DerElement): number | undefined {
  const [first = 0x80, second = 0x80] = body;
  if (tag !== derTags.integer || first >= 0x80 || body.length > 5) return undefined;
  if (first === 0 && body.length > 1 && second < 0x80) return undefined;
  return body.reduce((value, byte) => value * 256 + byte, 0);
}
