import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';

const Health = Type.Object({ state: Type.Literal('ok') });

export function healthRoutes(app: App, { status }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/healthz',
    config: { least: 'anyone' },
    schema: {
      operationId: 'healthz',
      summary: 'Whether the process lives',
      tags: ['about'],
      response: { 200: Health },
    },
    handler: async () => ({ state: 'ok' as const }),
  });
  app.route({
    method: 'GET',
    url: '/readyz',
    config: { least: 'anyone' },
    schema: {
      operationId: 'readyz',
      summary: 'Whether the store answers',
      tags: ['about'],
      response: { 200: Health },
    },
    handler: async () => {
      if (await status.ready()) return { state: 'ok' as const };
      throw new Problem('unavailable', 'the store does not answer; the log of the collector says more');
    },
  });
}
