/** `falco.version.response` (proto/falco/version.proto): the version is its first field and comes first. */
export function falcoVersionOf(message: Uint8Array): string {
  const length = message[1] ?? 0;
  const isText = message[0] === 0x0a && length < 0x80 && message.length >= 2 + length;
  return isText ? Buffer.from(message.subarray(2, 2 + length)).toString('utf8') : '';
}
