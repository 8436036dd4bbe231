import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { loose } from './schemas.ts';

export function statusRoutes(app: App, { status }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/status',
    config: { least: 'viewer' },
    schema: {
      operationId: 'status',
      summary: 'How the collector is, and each agent',
      tags: ['about'],
      response: { 200: loose('Mode, agents with their coverage and losses, what is handed out') },
    },
    handler: ({ caller }) => status.status(caller),
  });
}
