import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { assertMatches, withEtag } from './precondition.ts';
import { Problem } from './problem.ts';
import { ModeName, openObject, Reason, strictObject } from './schemas.ts';

const Answer = Type.Object({ mode: ModeName }, openObject);

export function policyRoutes(app: App, { policy }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/policy/mode',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getMode',
      summary: 'How far a reaction goes at most',
      tags: ['policy'],
      response: { 200: Answer },
    },
    handler: async (_request, reply) => {
      withEtag(reply, policy.mode());
      return { mode: policy.mode() };
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/policy/mode',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'setMode',
      summary: 'Say how far a reaction goes at most, everywhere',
      tags: ['policy'],
      body: Type.Object({ mode: ModeName, reason: Reason }, strictObject),
      response: { 200: Answer },
    },
    handler: async (request, reply) => {
      const { caller, body } = request;
      if (!caller.seesAll)
        throw new Problem('forbidden', 'the mode is that of the whole site; it takes a token for all of it');
      assertMatches(request, policy.mode(), false);
      await policy.setMode(body.mode, { author: caller.name, reason: body.reason });
      withEtag(reply, body.mode);
      return { mode: body.mode };
    },
  });
}
