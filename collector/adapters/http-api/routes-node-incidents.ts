import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import { nodeIncidentKinds } from '../../ports/nodes.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { listOf, loose, strictObject } from './schemas.ts';

const NodeIncident = loose(
  'The node, what is wrong with it, since when, how often; `closed` when it is over',
);

export function nodeIncidentRoutes(app: App, { stops }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/node-incidents',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listNodeIncidents',
      summary:
        'Nodes that are silent, blind, flooded or lost records, the newest first; for who sees whole clusters',
      tags: ['nodes'],
      querystring: Type.Object(
        {
          ...pageQuery,
          open: Type.Optional(
            Type.Boolean({ description: 'Only those that last, or only those that are over' }),
          ),
          kind: Type.Optional(Type.Enum([...nodeIncidentKinds])),
        },
        strictObject,
      ),
      response: { 200: listOf(NodeIncident) },
    },
    handler: async ({ caller, query: { limit = 100, cursor, open, kind } }) => {
      const page = await stops.nodeIncidents(caller, {
        limit,
        ...cursors.read('node-incidents', cursor),
        ...(open === undefined ? {} : { open }),
        ...(kind === undefined ? {} : { kind }),
      });
      return cursors.page('node-incidents', page);
    },
  });
}
