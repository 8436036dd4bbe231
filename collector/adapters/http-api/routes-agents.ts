import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { AgentName } from '../../ports/api-agents.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { listOf, loose, Reason, strictObject } from './schemas.ts';

const Agent = loose(
  'Its certificate, whether it is shut out, and, once it has connected, its state, version, source, spool and troubles',
);
const byId = Type.Object(
  {
    id: Type.String({
      pattern: '^[0-9A-Za-z._-]{1,253}:[0-9A-Za-z._-]{1,253}$',
      description: "`CLUSTER:NODE`, the node's UID or its name",
    }),
  },
  strictObject,
);
const Change = Type.Object({ reason: Reason }, strictObject);

export function agentRoutes(app: App, { agents }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/agents',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listAgents',
      summary: 'All agents, also those that are shut out or away, in the order of their ids',
      tags: ['agents'],
      querystring: Type.Object(pageQuery, strictObject),
      response: { 200: listOf(Agent) },
    },
    handler: async ({ caller, query: { limit = 100, cursor } }) =>
      cursors.page('agents', await agents.agents(caller, { limit, ...cursors.read('agents', cursor) })),
  });
  app.route({
    method: 'GET',
    url: '/api/v1/agents/:id',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getAgent',
      summary: 'One agent, with what it lost and what was wrong with it lately',
      tags: ['agents'],
      params: byId,
      response: { 200: Agent },
    },
    handler: async ({ caller, params }) =>
      (await agents.agent(caller, nameOf(params.id))) ?? notFound(params.id),
  });
  app.route({
    method: 'POST',
    url: '/api/v1/agents/:id/revoke',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'revokeAgent',
      summary:
        'Shut an agent out: its stream ends, and it can neither renew nor enrol. Also one never heard of',
      tags: ['agents'],
      params: byId,
      body: Change,
      response: { 200: Agent },
    },
    handler: async ({ caller, params, body }) =>
      (await agents.revoke(caller, nameOf(params.id), body.reason)) ?? notFound(params.id),
  });
  app.route({
    method: 'POST',
    url: '/api/v1/agents/:id/let-in',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'letAgentIn',
      summary: 'Take a revocation back',
      tags: ['agents'],
      params: byId,
      body: Change,
      response: { 200: Agent },
    },
    handler: async ({ caller, params, body }) =>
      (await agents.letIn(caller, nameOf(params.id), body.reason)) ?? notFound(params.id),
  });
}

function nameOf(id: string): AgentName {
  const [cluster = '', agent = ''] = id.split(':');
  return { cluster, agent };
}

function notFound(id: string): never {
  throw new Problem('not-found', `no agent ${id} is known; GET /api/v1/agents lists them`);
}
