import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { Hash, listOf, loose, strictObject } from './schemas.ts';

const Workload = loose(
  'Where it runs, what is learned of it, whether that is complete and why, what was signed',
);
const byHash = Type.Object({ hash: Hash }, strictObject);

export function workloadRoutes(app: App, { workloads }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/workloads',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listWorkloads',
      summary: 'What is watched, in the order of the hashes',
      tags: ['workloads'],
      querystring: Type.Object(pageQuery, strictObject),
      response: { 200: listOf(Workload) },
    },
    handler: async ({ caller, query: { limit = 100, cursor } }) =>
      cursors.page(
        'workloads',
        await workloads.workloads(caller, { limit, ...cursors.read('workloads', cursor) }),
      ),
  });
  app.route({
    method: 'GET',
    url: '/api/v1/workloads/:hash',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getWorkload',
      summary: 'One workload',
      tags: ['workloads'],
      params: byHash,
      response: { 200: Workload },
    },
    handler: async ({ caller, params }) => (await workloads.workload(caller, params.hash)) ?? notFound(),
  });
  app.route({
    method: 'GET',
    url: '/api/v1/baselines/:hash',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getBaseline',
      summary: 'What was learned of one workload, as whorl sign takes it',
      tags: ['workloads'],
      params: byHash,
      response: { 200: loose('A baseline: docs/format.md') },
    },
    handler: async ({ caller, params }) => (await workloads.baseline(caller, params.hash)) ?? notFound(),
  });
}

function notFound(): never {
  throw new Problem('not-found', 'no workload has this hash; GET /api/v1/workloads lists them');
}
