import { Type } from 'typebox';
import type { After, ApiServices, TokenInfo } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { listOf, Name, openObject, Reason, RoleName, ScopeBody, strictObject, Time } from './schemas.ts';
import { assertWholeSite } from './whole-site.ts';

const info = {
  id: Type.String(),
  name: Type.String(),
  role: RoleName,
  scope: ScopeBody,
  createdAt: Time,
  createdBy: Type.String(),
  reason: Type.String(),
  expiresAt: Time,
  lastUsedDay: Type.Integer({ minimum: 0, description: 'Midnight (UTC) of the day of last use; 0: never' }),
  revokedAt: Type.Integer({ minimum: 0, description: '0: not revoked' }),
};
const Token = Type.Object(info, openObject);

/** The secret is told this once. */
export const MadeToken = Type.Object({ token: Type.String(), ...info }, openObject);

const NewToken = Type.Object(
  {
    name: Name,
    role: RoleName,
    scope: Type.Optional(ScopeBody),
    expiresAt: Type.Optional(Time),
    reason: Reason,
  },
  strictObject,
);

export function tokenRoutes(app: App, { access }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/tokens',
    config: { least: 'admin' },
    schema: {
      operationId: 'listTokens',
      summary: 'All API tokens, also those that ended; never their secrets',
      tags: ['access'],
      querystring: Type.Object(pageQuery, strictObject),
      response: { 200: listOf(Token) },
    },
    handler: async ({ caller, query: { limit = 100, cursor } }) => {
      assertWholeSite(caller, 'tokens are those');
      const { after } = cursors.read('tokens', cursor);
      const rows = (await access.tokens()).filter((row) => after === undefined || isAfter(row, after));
      const items = rows.slice(0, limit).map(describeToken);
      const last = rows.length > limit ? items.at(-1) : undefined;
      const next = last === undefined ? {} : { next: { time: last.createdAt, id: last.id } };
      return cursors.page('tokens', { items, ...next });
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/tokens',
    // Not kept under an Idempotency-Key: the answer holds the secret, and of secrets only hashes are kept.
    config: { least: 'admin' },
    schema: {
      operationId: 'createToken',
      summary: 'A new API token; its secret is in this answer and nowhere else',
      tags: ['access'],
      body: NewToken,
      response: { 201: MadeToken },
    },
    handler: async ({ caller, body }, reply) => {
      assertWholeSite(caller, 'tokens are those');
      const { name, role, expiresAt, reason, scope = { clusters: [], namespaces: [] } } = body;
      const wanted = { name, role, scope, ...(expiresAt === undefined ? {} : { expiresAt }) };
      const made = await access.createToken(wanted, { author: caller.name, reason });
      return reply.code(201).send({ token: made.token, ...describeToken(made.info) });
    },
  });
  app.route({
    method: 'DELETE',
    url: '/api/v1/tokens/:id',
    config: { least: 'admin' },
    schema: {
      operationId: 'revokeToken',
      summary: 'End a token now',
      tags: ['access'],
      params: Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z]{1,64}$' }) }, strictObject),
      querystring: Type.Object({ reason: Reason }, strictObject),
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      assertWholeSite(caller, 'tokens are those');
      if (await access.revokeToken(params.id, { author: caller.name, reason: query.reason }))
        return reply.code(204).send(null);
      throw new Problem('not-found', 'no token that could be revoked has this id; whorl login token list');
    },
  });
}

/** The newest come first, those of one moment by their ids. */
function isAfter({ createdAt, id }: TokenInfo, { time, id: lastId }: After): boolean {
  return createdAt < time || (createdAt === time && id > lastId);
}

export function describeToken({ scope, ...rest }: TokenInfo) {
  return { ...rest, scope: { clusters: [...scope.clusters], namespaces: [...scope.namespaces] } };
}
