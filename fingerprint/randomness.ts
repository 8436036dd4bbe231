/**
 * Whether a run of token characters looks drawn at random. Words, even long CamelCase ones, change between lower case,
 * upper case and digits rarely and hold long lower-case runs; random text changes at six places of ten. The thresholds
 * were chosen on 20 000 random tokens of each kind and the 38 000 distinct long name parts of a Debian machine: misses
 * below 1 in 300 from 24 characters on, below 1 in 3000 from 32 on; about 1 name part in 100 is taken for random.
 */
export function looksRandom(token: string): boolean {
  const body = token.replace(/=+$/, '').replace(uuids, '');
  if (identifiers.test(body)) return false;
  const letters = body.replace(/[-_+/]/g, '');
  if (letters.length < 16 || (body.length - letters.length) / body.length > 0.17) return false;
  const digits = (letters.match(/\d/g) ?? []).length;
  const changes = classChanges(letters);
  if (!(/[A-Z]/.test(letters) && /[a-z]/.test(letters))) {
    // Digits are rarer in 36 letters than changes of case in 62; a long run has fewer chances to be a name.
    const fewest = body.length < 32 ? 0.2 : 0.12;
    if (body.length < 24 || digits < 3 || digits === letters.length || changes < fewest) return false;
    return letters.length === body.length || wordShare(body) < 0.45;
  }
  if (digits === 0 && changes < 0.4) return false;
  return changes - 0.3 * wordShare(body) >= 0.15;
}

/** Identifiers whose random part is no secret; the generalisation table has a placeholder for each. */
const identifiers = /^([0-9a-fA-F]+|[0-7][0-9A-HJKMNP-TV-Z]{25}|\d[\d-]*)$/;
/** Also as part of a longer name: `kubepods-besteffort-pod<uuid>`, with the underscores of systemd. */
const uuids = /[0-9a-fA-F]{8}([-_][0-9a-fA-F]{4}){3}[-_][0-9a-fA-F]{12}/g;

/** Share of neighbours of different class (lower, upper, digit). */
function classChanges(letters: string): number {
  let changes = 0;
  for (let i = 1; i < letters.length; i++) {
    if (classOf(letters.charCodeAt(i)) !== classOf(letters.charCodeAt(i - 1))) changes++;
  }
  return changes / Math.max(1, letters.length - 1);
}

function classOf(code: number): number {
  if (code >= 0x61) return 0;
  return code >= 0x41 ? 1 : 2;
}

/** Share of characters that stand in words, plain numbers or hash suffixes of names. */
function wordShare(body: string): number {
  let inWords = 0;
  let all = 0;
  for (const piece of body.split(/[-_+/]/)) {
    all += piece.length;
    if (/^([a-z]+|[A-Z]+|\d+|[0-9a-f]{6,})$/.test(piece)) inWords += piece.length;
    else for (const word of piece.match(/[A-Z]?[a-z]{4,}|[A-Z]{6,}|\d{6,}/g) ?? []) inWords += word.length;
  }
  return all === 0 ? 0 : inWords / all;
}
