import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { severities } from '../../../fingerprint/incident.ts';
import type { ApiServices } from '../../ports/api.ts';
import { type IncidentsWanted, type ReviewAct, reviewActs } from '../../ports/api-incidents.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { assertMatches, changedMeanwhile, withEtag } from './precondition.ts';
import { Problem } from './problem.ts';
import { Hash, listOf, loose, Reason, strictObject, Time } from './schemas.ts';

const idPattern = '^[0-9A-Za-z._:-]{1,128}$';
const Params = Type.Object({ id: Type.String({ pattern: idPattern }) }, strictObject);
const digestPattern = '^sha256:[0-9a-f]{64}$';
const Digest = Type.String({ pattern: digestPattern });
const Names = (of: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
      maxItems: 64,
      uniqueItems: true,
      description: `Only of these ${of}`,
    }),
  );

const Row = loose(
  'An incident: what drifted alike in one workload, on however many copies, and what people decided about it',
);
const Detail = loose(
  'The incident with its occurrences (each with decisions and their reasons, orders, receipts) and its history',
);
const Preview = loose(
  'What granting all that it showed would grant (`grants`), drifts that are only counted (`left`), and other open ' +
    'incidents that would fall silent (`silences`; `left`: drifts of theirs that would go on)',
);

const Query = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Enum(['open', 'closed'])),
    minSeverity: Type.Optional(Type.Enum([...severities])),
    cluster: Names('clusters'),
    namespace: Names('namespaces'),
    workload: Type.Optional(Hash),
    since: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Active since then; ms since the Unix epoch' }),
    ),
    id: Type.Optional(
      Type.String({
        pattern: idPattern,
        description: 'Only where its id, or that of one of its occurrences, begins so',
      }),
    ),
    document: Type.Optional(
      Type.String({
        pattern: digestPattern,
        description: 'Only what was decided on by this signed document',
      }),
    ),
  },
  strictObject,
);

const Review = Type.Object(
  {
    act: Type.Enum([...reviewActs]),
    reason: Reason,
    until: Type.Optional(Time),
    document: Type.Optional(Digest),
  },
  strictObject,
);

export function incidentRoutes(app: App, services: ApiServices, { cursors }: Tools): void {
  const { incidents } = services;
  app.route({
    method: 'GET',
    url: '/api/v1/incidents',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listIncidents',
      summary: 'What drifted, one row for what drifted alike, the latest activity first',
      tags: ['incidents'],
      querystring: Query,
      response: { 200: listOf(Row) },
    },
    handler: async ({ caller, query }) => {
      const wanted = { ...wantedOf(query), ...cursors.read('incidents', query.cursor) };
      return cursors.page('incidents', await incidents.incidents(caller, wanted));
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/incidents/:id',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getIncident',
      summary: 'One incident; its ETag is the version that a review is about',
      tags: ['incidents'],
      params: Params,
      response: { 200: Detail },
    },
    handler: async ({ caller, params }, reply) => {
      const found = (await incidents.incident(caller, params.id)) ?? unknown();
      withEtag(reply, found.version);
      return found;
    },
  });
  previewRoute(app, services);
  reviewRoute(app, services);
  occurrenceRoute(app, services);
}

function previewRoute(app: App, { incidents }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/incidents/:id/preview',
    config: { least: 'viewer' },
    schema: {
      operationId: 'previewIncident',
      summary: 'What approving an incident would grant, and what else would fall silent',
      tags: ['incidents'],
      params: Params,
      response: { 200: Preview },
    },
    handler: async ({ caller, params }) => (await incidents.preview(caller, params.id)) ?? unknown(),
  });
}

function reviewRoute(app: App, { incidents }: ApiServices): void {
  app.route({
    method: 'POST',
    url: '/api/v1/incidents/:id/reviews',
    config: { least: 'analyst', once: true },
    schema: {
      operationId: 'reviewIncident',
      summary: 'Decide about an incident, claim it, note something, or undo the last decision',
      description:
        'Takes If-Match with the ETag that was looked at. What the state of the incident does not allow is a `conflict` ' +
        'whose `reason` says why: closed, not-closed, not-claimed, document-missing, document-unknown, until-missing, until-past.',
      tags: ['incidents'],
      params: Params,
      body: Review,
      response: { 200: Detail },
    },
    handler: async (request, reply) => {
      const { caller, params, body } = request;
      assertFits(body);
      const found = (await incidents.incident(caller, params.id)) ?? unknown();
      assertMatches(request, found.version, true);
      const { version } = found;
      return answered(reply, await incidents.review(caller, params.id, { ...body, version }));
    },
  });
}

/** What a person signed is told by who says it is approved; elsewhere it would stand on record and mean nothing. */
function assertFits({ act, until, document }: Static<typeof Review>): void {
  if (isSigned(act) || (until === undefined && document === undefined)) return;
  const field = document === undefined ? 'body.until' : 'body.document';
  throw new Problem('invalid', `${act} takes neither a document nor a date`, {
    errors: [{ field, message: `does not belong to ${act}`, fix: 'leave it out' }],
  });
}

function isSigned(act: ReviewAct): boolean {
  return act === 'approved' || act === 'accepted';
}

function answered(
  reply: FastifyReply,
  answer: Awaited<ReturnType<ApiServices['incidents']['review']>>,
): object {
  switch (answer.kind) {
    case 'taken':
      withEtag(reply, answer.version);
      return answer.incident;
    case 'unknown':
      return unknown();
    case 'changed':
      throw changedMeanwhile(answer.version);
    case 'refused':
      throw new Problem('conflict', answer.refused.sentence, { reason: answer.refused.code });
  }
}

function occurrenceRoute(app: App, { incidents }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/occurrences/:id',
    config: { least: 'viewer' },
    schema: {
      operationId: 'getOccurrence',
      summary: 'What one agent told of one copy: the target of orders and the subject of receipts',
      tags: ['incidents'],
      params: Params,
      response: { 200: loose('The occurrence; `row` is the id of the incident it belongs to') },
    },
    handler: async ({ caller, params }) => {
      const found = await incidents.occurrence(caller, params.id);
      if (found !== undefined) return found;
      throw new Problem(
        'not-found',
        'no occurrence has this id; GET /api/v1/incidents/ID lists those of an incident',
      );
    },
  });
}

function wantedOf(query: Static<typeof Query>): Omit<IncidentsWanted, 'after'> {
  const { limit = 100, cursor: _, cluster, namespace, workload, id, ...same } = query;
  return {
    ...same,
    limit,
    ...(cluster === undefined ? {} : { clusters: cluster }),
    ...(namespace === undefined ? {} : { namespaces: namespace }),
    ...(workload === undefined ? {} : { hash: workload }),
    ...(id === undefined ? {} : { idPrefix: id }),
  };
}

function unknown(): never {
  throw new Problem('not-found', 'no incident has this id; GET /api/v1/incidents lists them');
}
