import type { FastifyRequest, RouteOptions } from 'fastify';
import { Type } from 'typebox';
import type { Caller } from '../../ports/api.ts';
import type { ApiOptions, App, Tools } from './app.ts';
import { authenticate } from './authenticate.ts';
import type { Idempotency } from './idempotency.ts';
import { Problem, problemSchema } from './problem.ts';
import { convertQuery } from './query.ts';
import { RouteTable } from './route-table.ts';

/** Whoever asks what anyone may ask. */
const nobody: Caller = {
  name: 'nobody',
  key: 'nobody',
  role: 'viewer',
  scope: { clusters: [], namespaces: [] },
  may: () => false,
  sees: () => false,
  seesAll: false,
};

const refusal = {
  description: 'Why the request was refused',
  content: { 'application/problem+json': { schema: problemSchema } },
};

/** What every request passes, in this order: who it is, whether they may, what kind of body, whether it was done before. */
export function addHooks(app: App, options: ApiOptions, tools: Tools, answers: Idempotency): RouteTable {
  const table = new RouteTable();
  app.decorateRequest('caller', { getter: () => nobody });
  app.decorateRequest('idempotent', undefined);
  app.addHook('onRoute', (route) => {
    declare(route);
    table.add(route);
  });
  app.addHook('onRequest', async (request) => {
    const local = options.local(request.raw);
    const least = request.is404 ? 'anyone' : request.routeOptions.config.least;
    if (local !== undefined) setCaller(request, local);
    else if (least !== 'anyone')
      setCaller(request, await authenticate(request, options.services.access, tools.attempts));
    assertMay(request, least);
  });
  app.addHook('preValidation', async (request) => {
    convertQuery(request);
    assertKindOfBody(request);
  });
  app.addHook('preHandler', async (request, reply) =>
    request.routeOptions.config.once === true ? answers.begin(request, reply) : undefined,
  );
  app.addHook('onSend', async (request, reply, payload) => {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    if (request.caller.key === 'local') reply.removeHeader('strict-transport-security');
    answers.end(request, reply, payload);
    return payload;
  });
  app.addHook('onResponse', async (request) => answers.aborted(request));
  return table;
}

function setCaller(request: FastifyRequest, caller: Caller): void {
  Object.defineProperty(request, 'caller', { value: caller });
}

/** Nothing is reachable because somebody forgot to say by whom: such a route ends the start. */
function declare(route: RouteOptions): void {
  const least = route.config?.least;
  if (least === undefined) throw new Error(`${String(route.method)} ${route.url} declares no role`);
  const { schema = {} } = route;
  const strict = Type.Object({}, { additionalProperties: false });
  const common = {
    querystring: schema.querystring ?? strict,
    response: { ...(schema.response as object | undefined), default: refusal },
    'x-least-role': least,
    ...(least === 'anyone' ? { security: [] } : {}),
  };
  route.schema = { ...schema, ...common };
}

function assertMay({ caller }: FastifyRequest, least: string | undefined): void {
  if (least === 'anyone' || (least !== undefined && caller.may(least as Caller['role']))) return;
  throw new Problem('forbidden', `this takes the role ${least}; your token has the role ${caller.role}`);
}

/** A signed document is bytes, everything else a JSON value: neither is taken for the other. */
function assertKindOfBody({ body, routeOptions }: FastifyRequest): void {
  if (body === undefined || body === null) return;
  const wantsDocument = routeOptions.config.document === true;
  if (Buffer.isBuffer(body) === wantsDocument) return;
  const type = wantsDocument ? 'application/vnd.dsse+json or application/octet-stream' : 'application/json';
  throw new Problem('unsupported-type', `send it as ${type}`);
}
