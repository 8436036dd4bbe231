import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import { type DisarmAnswer, maxDisarmMs } from '../../ports/api-stops.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';
import { IncidentId, listOf, openObject, Reason, strictObject, Time } from './schemas.ts';

const part = Type.String({ minLength: 1, maxLength: 253, pattern: '^[!-~]+$' });
const scopes = {
  cluster: Type.Object({ kind: Type.Literal('cluster'), cluster: part }, strictObject),
  namespace: Type.Object({ kind: Type.Literal('namespace'), cluster: part, namespace: part }, strictObject),
  workload: Type.Object(
    { kind: Type.Literal('workload'), cluster: part, namespace: part, owner: part },
    strictObject,
  ),
};
const Scope = Type.Union([scopes.cluster, scopes.namespace, scopes.workload]);

const Disarm = Type.Object(
  { id: Type.String(), scope: Scope, author: Type.String(), reason: Type.String(), since: Time, until: Time },
  openObject,
);
const Answer = Type.Object(
  { disarm: Disarm, workloads: Type.Integer({ description: 'That are known there; 0: is the name right?' }) },
  openObject,
);

export function disarmRoutes(app: App, { stops: { disarms } }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/disarms',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listDisarms',
      summary: 'Where nothing is stopped at this moment, who said so and until when',
      tags: ['stopping'],
      response: { 200: listOf(Disarm) },
    },
    handler: async ({ caller }) => ({ items: [...disarms.disarms(caller)] }),
  });
  app.route({
    method: 'POST',
    url: '/api/v1/disarms',
    config: { least: 'responder', once: true },
    schema: {
      operationId: 'disarm',
      summary: 'Have nothing new stopped in a place for a while; what is held stays held',
      tags: ['stopping'],
      body: Type.Object(
        {
          scope: Scope,
          hours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: maxDisarmMs / 3_600_000 })),
          until: Type.Optional(Time),
          reason: Reason,
        },
        strictObject,
      ),
      response: { 200: Answer },
    },
    handler: async ({ caller, body: { scope, hours, until, reason } }) => {
      const span = spanOf(hours, until);
      return answered(await disarms.disarm(caller, scope, span, { author: caller.name, reason }));
    },
  });
  app.route({
    method: 'DELETE',
    url: '/api/v1/disarms/:id',
    config: { least: 'responder' },
    schema: {
      operationId: 'rearm',
      summary: 'Let it be stopped there again',
      tags: ['stopping'],
      params: Type.Object({ id: IncidentId }, strictObject),
      querystring: Type.Object({ reason: Reason }, strictObject),
      response: { 200: Answer },
    },
    handler: async ({ caller, params, query }) =>
      answered(await disarms.rearm(caller, params.id, { author: caller.name, reason: query.reason })),
  });
}

/** @throws Problem */
function spanOf(
  hours: number | undefined,
  until: number | undefined,
): { readonly hours: number } | { readonly until: number } {
  if (hours !== undefined && until === undefined) return { hours };
  if (until !== undefined && hours === undefined) return { until };
  throw tooLong('must say either hours or until');
}

function answered(answer: DisarmAnswer) {
  switch (answer.kind) {
    case 'disarmed':
    case 'rearmed':
      return { disarm: answer.disarm, workloads: answer.workloads };
    case 'unknown':
      throw new Problem('not-found', answer.sentence);
    case 'outside':
      throw new Problem('forbidden', answer.sentence);
    case 'too-many':
      throw new Problem('conflict', answer.sentence);
    case 'too-long':
      throw tooLong(answer.sentence);
  }
}

function tooLong(message: string): Problem {
  const fix = 'name from a minute to 24 hours';
  return new Problem('invalid', message, { errors: [{ field: 'body.hours', message, fix }] });
}
