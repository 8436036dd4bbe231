/** Some hundred entries: a write to the socket for each would cost more than the reading. */
const pieceLength = 64 * 1024;

/** Lines put together, each with its end; of the source no more is read than is asked for. */
export async function* inPieces(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
