/** mulberry32: the same on every machine. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that mean something in JSON, in protobuf, or to whoever reads text. */
const sharp = [
  0, 1, 0x0a, 0x12, 0x22, 0x2c, 0x2d, 0x30, 0x32, 0x3a, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xc3, 0xff,
];

/** A message that somebody cut, turned, doubled or wrote into; or, one time in sixteen, left alone. */
export function mutant(original: Uint8Array, random: () => number): Uint8Array {
  const at = Math.floor(random() * original.length);
  const span = Math.floor(random() * 40);
  const bytes = Buffer.from(original);
  switch (Math.floor(random() * 16)) {
    case 0:
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + span)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + span), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([sharp[span % sharp.length] ?? 0]),
        bytes.subarray(at),
      ]);
    case 5:
      bytes.copyWithin(at, Math.floor(random() * bytes.length), Math.floor(random() * bytes.length) + span);
      return bytes;
    default:
      for (let i = 0; i < 1 + (span & 3); i++)
        bytes[(at + i * span) % bytes.length] =
          random() < 0.5 ? (sharp[Math.floor(random() * sharp.length)] ?? 0) : Math.floor(random() * 256);
      return bytes;
  }
}
