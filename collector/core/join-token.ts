/**
 * `whorl-join.ID.SECRET.PIN`: a name to find it by, 256 random bits, and the first half of the hash of the authority's
 * public key, so that a machine that has nothing else yet knows its collector from an impostor.
 */
const form = /^whorl-join\.([0-9a-f]{16})\.([0-9A-Za-z_-]{43})\.([0-9a-f]{32})$/;

export interface JoinToken {
  readonly id: string;
  readonly secret: string;
  readonly pin: string;
}

export function formatJoinToken({ id, secret, pin }: JoinToken): string {
  return `whorl-join.${id}.${secret}.${pin}`;
}

/** @returns undefined when it is no join token */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, id, secret, pin] = form.exec(text) ?? [];
  return id === undefined || secret === undefined || pin === undefined ? undefined : { id, secret, pin };
}
