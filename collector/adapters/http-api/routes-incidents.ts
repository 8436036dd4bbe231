import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { listOf, loose, strictObject } from './schemas.ts';

const Incident = loose('The incident, the decisions about it with their reasons, orders and receipts');
const idPattern = '^[0-9A-Za-z._:-]{1,128}$';

export function incidentRoutes(app: App, { incidents }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/incidents',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listIncidents',
      summary: 'What drifted, the latest activity first',
      tags: ['incidents'],
      querystring: Type.Object(
        {
          ...pageQuery,
          id: Type.Optional(Type.String({ pattern: idPattern, description: 'Only ids that begin so' })),
        },
        strictObject,
      ),
      response: { 200: listOf(Incident) },
    },
    handler: async ({ caller, query: { limit = 100, cursor, id } }) => {
      const page = {
        limit,
        ...cursors.read('incidents', cursor),
        ...(id === undefined ? {} : { idPrefix: id }),
      };
      return cursors.page('incidents', await incidents.incidents(caller, page));
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/incidents/:id',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getIncident',
      summary: 'One incident',
      tags: ['incidents'],
      params: Type.Object({ id: Type.String({ pattern: idPattern }) }, strictObject),
      response: { 200: Incident },
    },
    handler: async ({ caller, params }) => {
      const found = await incidents.incident(caller, params.id);
      if (found === undefined)
        throw new Problem('not-found', 'no incident has this id; GET /api/v1/incidents lists them');
      return found;
    },
  });
}
