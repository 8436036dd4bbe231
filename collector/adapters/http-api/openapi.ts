import swagger from '@fastify/swagger';
import type { App } from './app.ts';

/** The description of the API, made of the schemas that requests are checked with. */
export async function describe(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Whorl collector',
        version: '1',
        description:
          'Signed fingerprints of what software does. Lists are paged by cursor, errors are problem+json (RFC 9457), ' +
          'what changes something takes an Idempotency-Key. `x-least-role` says who may call: viewer, analyst, responder, admin.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: 'https://127.0.0.1:8443', description: 'default of `httpListen`' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'API token: `whorl login token create`' },
        },
      },
      security: [{ token: [] }],
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/openapi.json',
    config: { least: 'anyone' },
    schema: {
      operationId: 'openapi',
      summary: 'This description',
      tags: ['about'],
      response: { 200: { type: 'object', additionalProperties: true } },
    },
    handler: async () => ({ ...app.swagger() }),
  });
}
