import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/**
 * The version of a thing, for `ETag` and `If-Match`: of two people who change it at once, the second is told.
 * @param version of printable ASCII without quotes
 */
function etagOf(version: string | number): string {
  return `"${version}"`;
}

export function withEtag(reply: FastifyReply, version: string | number): void {
  reply.header('etag', etagOf(version));
}

/**
 * @param required whether a change without `If-Match` is refused, too
 * @throws Problem when the client means another version than the one there is
 */
export function assertMatches(request: FastifyRequest, version: string | number, required: boolean): void {
  const said = request.headers['if-match'];
  if (said === undefined) {
    if (!required) return;
    throw new Problem('condition-required', 'send If-Match with the ETag of the version you looked at');
  }
  if (said.trim() === '*') return;
  const named = said.split(',').map((one) => one.trim());
  if (named.includes(etagOf(version))) return;
  throw changedMeanwhile(version);
}

/** @param version the one there is now */
export function changedMeanwhile(version: string | number): Problem {
  return new Problem(
    'changed-meanwhile',
    'it is not the version you looked at any more; read it again first',
    {
      headers: { etag: etagOf(version) },
    },
  );
}
