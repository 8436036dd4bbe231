import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { assertMayTry, bearerOf } from './authenticate.ts';
import { Problem } from './problem.ts';
import { describeToken, MadeToken } from './routes-tokens.ts';
import { Name, RoleName, ScopeBody, strictObject } from './schemas.ts';

export function accessRoutes(app: App, { access }: ApiServices, { attempts }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/whoami',
    config: { least: 'viewer' },
    schema: {
      operationId: 'whoami',
      summary: 'Who this token stands for',
      tags: ['access'],
      response: { 200: Type.Object({ name: Type.String(), role: RoleName, scope: ScopeBody }) },
    },
    handler: async ({ caller: { name, role, scope } }) => ({
      name,
      role,
      scope: { clusters: [...scope.clusters], namespaces: [...scope.namespaces] },
    }),
  });
  app.route({
    method: 'POST',
    url: '/api/v1/bootstrap',
    config: { least: 'anyone' },
    schema: {
      operationId: 'bootstrap',
      summary: 'Exchange the bootstrap token, once, for the API token of the first administrator',
      tags: ['access'],
      security: [{ token: [] }],
      body: Type.Object({ name: Name }, strictObject),
      response: { 201: MadeToken },
    },
    handler: async (request, reply) => {
      const token = bearerOf(request);
      assertMayTry(request, attempts, token);
      const made = await access.bootstrap(token, request.body.name);
      if (made !== undefined) return reply.code(201).send({ token: made.token, ...describeToken(made.info) });
      attempts.failed(request.ip, token);
      throw new Problem(
        'unauthenticated',
        'this is not the bootstrap token, or somebody has used it; an administrator can make you a token, and so can whorl login token create on the machine of the collector',
        { headers: { 'www-authenticate': 'Bearer' } },
      );
    },
  });
}
