import type { FastifyRequest } from 'fastify';
import type { AccessService, Caller } from '../../ports/api.ts';
import type { Attempts } from './attempts.ts';
import { Problem } from './problem.ts';

/** The token of `Authorization: Bearer …`, '' when there is none. */
export function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization ?? '';
  return /^Bearer +([!-~]{1,512})$/i.exec(header)?.[1] ?? '';
}

/** @throws Problem while this address has tried too often */
export function assertMayTry(request: FastifyRequest, attempts: Attempts, token: string): void {
  const wait = attempts.waitMs(request.ip, token);
  if (wait > 0) {
    throw new Problem('too-many-requests', 'too many wrong tokens came from this address; wait a while', {
      headers: { 'retry-after': String(Math.ceil(wait / 1000)) },
    });
  }
}

/** Who asks. @throws Problem when that cannot be told */
export async function authenticate(
  request: FastifyRequest,
  access: AccessService,
  attempts: Attempts,
): Promise<Caller> {
  const token = bearerOf(request);
  assertMayTry(request, attempts, token);
  const caller = token === '' ? undefined : await access.authenticate(token);
  if (caller !== undefined) {
    attempts.succeeded(request.ip, token);
    return caller;
  }
  attempts.failed(request.ip, token);
  const detail =
    token === ''
      ? 'send Authorization: Bearer and an API token; whorl login token create makes one'
      : 'the token is none, ended or was revoked; ask an administrator for a new one';
  throw new Problem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer' } });
}
