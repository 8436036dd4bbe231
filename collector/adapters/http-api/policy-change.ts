import type { FastifyRequest } from 'fastify';
import type { ApiServices } from '../../ports/api.ts';
import { assertMatches } from './precondition.ts';
import { assertWholeSite } from './whole-site.ts';

/**
 * Whoever changes any part of the response policy sees the whole site and names the version they looked at.
 * @throws Problem
 */
export function policyChange(
  request: FastifyRequest,
  reason: string,
  { inForce }: ApiServices['responsePolicy'],
) {
  assertWholeSite(request.caller, 'the response policy is that');
  assertMatches(request, inForce.version, true);
  return { by: { author: request.caller.name, reason }, before: inForce.version };
}
