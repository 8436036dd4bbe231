/**
 * Falco's JSON output writes starts of processes as numbers of nanoseconds, of which a double loses the last hundreds. As
 * texts they stay exact. Inside a text of JSON the quotes would be escaped, so nothing else is meant.
 */
export function withExactStarts(line: Uint8Array): Uint8Array {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  if (!/"proc\.p?pid\.ts":\s*\d/.test(bytes)) return line;
  return Buffer.from(bytes.replace(/("proc\.p?pid\.ts":\s*)(\d+)/g, '$1"$2"'), 'latin1');
}
