/**
 * A recording of Falco as another cluster would have made it: every pod, container, process, address and host called
 * otherwise, throughout. Delivered as real streams are: locally out of order, and in several files.
 *
 * @returns the lines of each file
 */
export function moved(lines: readonly string[]): readonly (readonly string[])[] {
  const ids = new Map<string, string>();
  const renamed = lines.map((line) => renumbered(renamedIn(line, ids)));
  const shuffled = locallyShuffled(renamed, 48);
  const third = Math.ceil(shuffled.length / 3);
  return [shuffled.slice(2 * third), shuffled.slice(0, third), shuffled.slice(third, 2 * third)];
}

const names: readonly (readonly [RegExp, string])[] = [
  [/api-7d9f5b6c4-x2x9p/g, 'api-5c8d7f6b9-m4k7q'],
  [/web-6c8d7f9b5-q4k2m/g, 'web-7f9c4d8b6-z2v8n'],
  [/\b(cache|loadgen|kube-dns)-0\b/g, '$1-3'],
  [/\bc2-box\b/g, 'c2-box-2'],
  [/"hostname":"vm"/g, '"hostname":"node-17"'],
  [/\b10\.222\.7\.(\d+)/g, '10.87.3.1$1'],
];

function renamedIn(line: string, ids: Map<string, string>): string {
  const named = names.reduce((text, [find, put]) => text.replace(find, put), line);
  // 64 digits, or the first twelve of them, mean the same container.
  return named.replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, (id) => idFor(id, ids));
}

function idFor(id: string, ids: Map<string, string>): string {
  // The image's digest says what runs: it is the same anywhere.
  if (digests.has(id.slice(0, 12)) && id.length === 64) return id;
  const short = id.slice(0, 12);
  const known = ids.get(short) ?? drawn(ids.size + 1);
  ids.set(short, known);
  return known.slice(0, id.length);
}

const digests = new Set(['d83d61cd1dbc', '95fd63dc109f', 'f9a647404c43', '4adbb8de5241']);

function drawn(seed: number): string {
  const random = generator(seed);
  return Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** All pids of the host moved on by as much; those inside a container are its own. */
function renumbered(line: string): string {
  return line.replace(
    /"(proc\.pid|proc\.ppid|thread\.tid)":"(\d+)"/g,
    (_all, field: string, pid: string) => `"${field}":"${Number(pid) + 250_000}"`,
  );
}

function locallyShuffled(lines: readonly string[], window: number): readonly string[] {
  const random = generator(20_26);
  return lines
    .map((line, i) => ({ line, at: i + random() * window }))
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line);
}

/** mulberry32: the same on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
