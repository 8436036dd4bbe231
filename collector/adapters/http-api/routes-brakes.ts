import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { pageQuery } from './cursor.ts';
import { loose, strictObject } from './schemas.ts';

export function brakeRoutes(app: App, { stops }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/brakes',
    config: { least: 'viewer' },
    schema: {
      operationId: 'brakes',
      summary: 'What is used and left of each budget, and the leases that are out: why something is held',
      tags: ['stopping'],
      querystring: Type.Object({ limit: pageQuery.limit }, strictObject),
      response: {
        200: loose('Per cluster and per workload, those with the least left first; `more` do not fit'),
      },
    },
    handler: ({ caller, query: { limit = 100 } }) => stops.brakes(caller, limit),
  });
}
