import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';
import { openObject, PlainName, Reason, strictObject, Time } from './schemas.ts';

const MadeJoinToken = Type.Object(
  {
    id: Type.String(),
    token: Type.String({ description: 'Lets one machine in, once' }),
    expiresAt: Time,
    listen: Type.String({ description: 'Where the collector listens for agents, as its configuration says' }),
  },
  openObject,
);

const NewJoinToken = Type.Object(
  {
    cluster: Type.Optional(PlainName),
    node: Type.Optional(PlainName),
    minutes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_080, description: 'How long it can be used; absent: 60' }),
    ),
    replaces: Type.Optional(
      Type.Boolean({
        description:
          'Also under the name of a machine that has a certificate; absent: where the token names its node',
      }),
    ),
    reason: Reason,
  },
  strictObject,
);

export function joinTokenRoutes(app: App, { agents }: ApiServices): void {
  app.route({
    method: 'POST',
    url: '/api/v1/join-tokens',
    // Not kept under an Idempotency-Key: the answer holds the secret, and of secrets only hashes are kept.
    config: { least: 'admin' },
    schema: {
      operationId: 'createJoinToken',
      summary: 'A token that lets one machine in; it is in this answer and nowhere else',
      tags: ['agents'],
      body: NewJoinToken,
      response: { 201: MadeJoinToken },
    },
    handler: async ({ caller, body: { reason, ...wanted } }, reply) => {
      const made = await agents.makeJoinToken(caller, wanted, reason);
      if (made === undefined)
        throw new Problem('forbidden', 'your token is for a part of the site; name a cluster that it sees');
      return reply.code(201).send(made);
    },
  });
}
