import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { PolicyInForce } from '../../ports/api-response-policy.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { policyChange } from './policy-change.ts';
import { withEtag } from './precondition.ts';
import { Problem } from './problem.ts';
import { listOf, loose, openObject, Reason, strictObject, Time } from './schemas.ts';

/** 200 rules of 64 long patterns each, as JSON. */
const maxPolicyBytes = 1 << 20;

const Version = Type.Integer({ minimum: 0, description: '0: what the configuration of the collector says' });
const Policy = loose('The response policy (docs/operations.md); checked as a whole, every problem is told');
const InForce = Type.Object(
  {
    version: Version,
    policy: Policy,
    by: Type.Optional(Type.Object({ author: Type.String(), reason: Type.String() }, openObject)),
    setAt: Type.Integer({ minimum: 0, description: 'ms since the Unix epoch; 0 of version 0' }),
  },
  openObject,
);
const WithWarnings = Type.Object({ ...InForce.properties, warnings: Type.Array(Type.String()) }, openObject);

export function responsePolicyRoutes(app: App, { responsePolicy }: ApiServices, tools: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/response-policy',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getResponsePolicy',
      summary: 'What may be done about drift: the response policy in force',
      tags: ['policy'],
      response: { 200: InForce },
    },
    handler: async (_request, reply) => answered(reply, responsePolicy.inForce),
  });
  changeRoutes(app, responsePolicy);
  historyRoute(app, responsePolicy, tools);
  checkRoute(app, responsePolicy);
}

type Service = ApiServices['responsePolicy'];

function changeRoutes(app: App, policies: Service): void {
  app.route({
    method: 'PUT',
    url: '/api/v1/response-policy',
    bodyLimit: maxPolicyBytes,
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'setResponsePolicy',
      summary: 'A new version of the response policy, in force at once',
      tags: ['policy'],
      body: Type.Object({ policy: Policy, reason: Reason }, strictObject),
      response: { 200: WithWarnings },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const { by, before } = policyChange(request, body.reason, policies);
      const { warnings, ...set } = await policies.set(body.policy, by, before);
      return { ...answered(reply, set), warnings: [...warnings] };
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/response-policy/again',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'setResponsePolicyAgain',
      summary: 'An earlier version of the response policy once more, as a new one',
      tags: ['policy'],
      body: Type.Object({ version: Version, reason: Reason }, strictObject),
      response: { 200: InForce },
    },
    handler: async (request, reply) => {
      const { body } = request;
      const { by, before } = policyChange(request, body.reason, policies);
      return answered(reply, await policies.setAgain(body.version, by, before));
    },
  });
}

function historyRoute(app: App, policies: Service, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/response-policy/history',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listResponsePolicies',
      summary: 'Every version of the response policy that was set, newest first',
      tags: ['policy'],
      querystring: Type.Object(pageQuery, strictObject),
      response: { 200: listOf(InForce) },
    },
    handler: async ({ query: { limit = 100, cursor } }) => {
      const { after } = cursors.read('response-policy', cursor);
      const before = after === undefined ? {} : { before: Number(after.id) };
      // One more than is shown tells whether there are more.
      const rows = await policies.history({ ...before, limit: limit + 1 });
      const items = rows.slice(0, limit).map(described);
      const last = rows.length > limit ? items.at(-1) : undefined;
      const next = last === undefined ? {} : { next: { time: last.setAt, id: String(last.version) } };
      return cursors.page('response-policy', { items, ...next });
    },
  });
}

function checkRoute(app: App, policies: Service): void {
  let isChecking = false;
  app.route({
    method: 'POST',
    url: '/api/v1/response-policy/check',
    bodyLimit: maxPolicyBytes,
    config: { least: 'analyst' },
    schema: {
      operationId: 'checkResponsePolicy',
      summary: 'What would have happened under another response policy; changes nothing',
      description:
        'The drifts that agents told of since then, 5 000 at most, and of those the ones the token sees.',
      tags: ['policy'],
      body: Type.Object({ policy: Policy, since: Time }, strictObject),
      response: { 200: loose('Incidents, what both policies do about them, and where they differ') },
    },
    handler: async ({ caller, body }) => {
      // Each reads thousands of occurrences: several at once would hold up what agents tell.
      if (isChecking)
        throw new Problem('unavailable', 'a policy is being checked already; ask again in a moment', {
          headers: { 'retry-after': '2' },
        });
      isChecking = true;
      try {
        return await policies.check(body.policy, body.since, caller.scope);
      } finally {
        isChecking = false;
      }
    },
  });
}

function answered(reply: FastifyReply, inForce: PolicyInForce) {
  withEtag(reply, inForce.version);
  return described(inForce);
}

function described({ version, policy, by, setAt }: PolicyInForce) {
  return { version, policy, ...(by === undefined ? {} : { by }), setAt };
}
