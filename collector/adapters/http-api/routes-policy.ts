import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { policyChange } from './policy-change.ts';
import { withEtag } from './precondition.ts';
import { ModeName, openObject, Reason, strictObject } from './schemas.ts';

const Answer = Type.Object({ mode: ModeName }, openObject);

/** The mode is a part of the response policy: it has the version of that, and changing it makes the next one. */
export function policyRoutes(app: App, { responsePolicy }: ApiServices): void {
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
      const { version, policy } = responsePolicy.inForce;
      withEtag(reply, version);
      return { mode: policy.mode };
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
      const { body } = request;
      const { by, before } = policyChange(request, body.reason, responsePolicy);
      const { version, policy } = await responsePolicy.setMode(body.mode, by, before);
      withEtag(reply, version);
      return { mode: policy.mode };
    },
  });
}
