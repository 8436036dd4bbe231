import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { printable } from '../../../fingerprint/printable.ts';
import type { ApiServices } from '../../ports/api.ts';
import { forces, manualActions, type NotNamed, type Refusal } from '../../ports/api-stops.ts';
import { orderStates } from '../../ports/stops.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { IncidentId, listOf, loose, openObject, Reason, strictObject } from './schemas.ts';

const Ids = Type.Array(IncidentId, { maxItems: 100, uniqueItems: true, default: [] });

const wish = {
  action: Type.Enum([...manualActions]),
  incidents: Type.Optional(Ids),
  occurrences: Type.Optional(Ids),
  force: Type.Optional(
    Type.Array(Type.Enum([...forces]), {
      maxItems: forces.length,
      uniqueItems: true,
      default: [],
      description: 'What is gone past, by name; approval and protected namespaces never are',
    }),
  ),
};

const Outcomes = Type.Object(
  { outcomes: Type.Array(loose('`ordered` with the id of the order, or `refused` with code and sentence')) },
  openObject,
);
const Plans = Type.Object(
  { plans: Type.Array(loose('Per copy: what it is, and each brake with its numbers and its word')) },
  openObject,
);
const Order = loose('The order, its copy and process, `state`, and the receipt where one came');

export function orderRoutes(app: App, { stops: { orders } }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'POST',
    url: '/api/v1/orders',
    config: { least: 'responder', once: true },
    schema: {
      operationId: 'order',
      summary: 'Have copies held, frozen, killed or let go; an incident means all its copies that run',
      tags: ['stopping'],
      body: Type.Object({ ...wish, reason: Reason }, strictObject),
      response: { 200: Outcomes },
    },
    handler: async (request) => {
      const { caller, body } = request;
      const answer = await orders.order(caller, wishOf(body), { key: keyOf(request), reason: body.reason });
      if (answer.kind === 'ordered') return { outcomes: [...answer.outcomes] };
      throw answer.kind === 'refused' ? refusedProblem(answer) : notNamed(answer);
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/orders/plan',
    config: { least: 'responder' },
    schema: {
      operationId: 'planOrder',
      summary:
        'What that order would do, and what stands in its way; takes beginnings of ids, changes nothing',
      tags: ['stopping'],
      body: Type.Object(wish, strictObject),
      response: { 200: Plans },
    },
    handler: async ({ caller, body }) => {
      const answer = await orders.plan(caller, wishOf(body));
      if (answer.kind === 'planned') return { plans: [...answer.plans] };
      throw notNamed(answer);
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/orders',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listOrders',
      summary: 'What was ordered and what became of it, the newest first',
      tags: ['stopping'],
      querystring: Type.Object(
        {
          ...pageQuery,
          incident: Type.Optional(IncidentId),
          agent: Type.Optional(Type.String({ minLength: 1, maxLength: 253 })),
          state: Type.Optional(Type.Enum([...orderStates])),
          id: Type.Optional(IncidentId),
        },
        strictObject,
      ),
      response: { 200: listOf(Order) },
    },
    handler: async ({ caller, query: { limit = 100, cursor, incident, agent, state, id } }) => {
      const page = await orders.orders(caller, {
        limit,
        ...cursors.read('orders', cursor),
        ...(incident === undefined ? {} : { incident }),
        ...(agent === undefined ? {} : { agent }),
        ...(state === undefined ? {} : { state }),
        ...(id === undefined ? {} : { id }),
      });
      return cursors.page('orders', page);
    },
  });
}

interface Body {
  readonly action: string;
  readonly incidents?: readonly string[];
  readonly occurrences?: readonly string[];
  readonly force?: readonly string[];
}

/** @throws Problem when nothing is named */
function wishOf({ action, incidents = [], occurrences = [], force = [] }: Body) {
  if (incidents.length + occurrences.length > 0) return { action, incidents, occurrences, force };
  const message = 'names nothing that is to be stopped';
  throw new Problem('invalid', `the body ${message}`, {
    errors: [{ field: 'body.incidents', message, fix: 'name incidents or occurrences' }],
  });
}

/** Without one each request is its own: the same again is another order. */
function keyOf({ headers, id }: FastifyRequest): string {
  const key = headers['idempotency-key'];
  return typeof key === 'string' ? `key ${key}` : `request ${id}`;
}

function refusedProblem({
  passable,
  refusals,
}: {
  readonly passable: boolean;
  readonly refusals: readonly Refusal[];
}): Problem {
  const sentences = [...new Set(refusals.map(({ sentence }) => sentence))];
  const [first = ''] = sentences;
  const more = sentences.length > 1 ? ` (and ${sentences.length - 1} more)` : '';
  return new Problem(passable ? 'stop-held-back' : 'stop-refused', `nothing is ordered: ${first}${more}`, {
    refusals,
  });
}

function notNamed({ kind, sentence }: NotNamed): Problem {
  const said = printable(sentence, 500);
  switch (kind) {
    case 'unknown':
      return new Problem('not-found', said);
    case 'ambiguous':
    case 'nothing-runs':
      return new Problem('conflict', said);
    case 'too-many':
      return new Problem('invalid', said, {
        errors: [{ field: 'body.incidents', message: said, fix: 'name fewer at a time' }],
      });
    case 'key-reused':
      return new Problem('key-reused', said);
  }
}
