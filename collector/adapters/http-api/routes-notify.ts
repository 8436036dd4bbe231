import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';
import { loose, openObject, Reason, strictObject } from './schemas.ts';
import { assertWholeSite } from './whole-site.ts';

const Sink = Type.Object({ sink: Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' }) }, strictObject);
const Nothing = Type.Object({}, strictObject);
const Because = Type.Object({ reason: Reason }, strictObject);

export function notifyRoutes(app: App, { notify }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/notify',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listSinks',
      summary: 'Who is told of what changes, and how that goes',
      tags: ['notify'],
      response: {
        200: Type.Object(
          {
            sinks: Type.Array(loose('State, what waits, what was delivered, since when it fails and why')),
            unwritten: Type.Integer({ minimum: 0 }),
            lost: Type.Integer({ minimum: 0 }),
          },
          openObject,
        ),
      },
    },
    handler: async ({ caller }) => {
      assertWholeSite(caller, 'the sinks are those');
      const { sinks, unwritten, lost } = await notify.status();
      return { sinks: [...sinks], unwritten, lost };
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/notify/:sink/dead',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listDeadNotices',
      summary: 'The newest notices that were given up, 100 at most',
      tags: ['notify'],
      params: Sink,
      response: { 200: Type.Object({ dead: Type.Array(loose('The notice, and why')) }, openObject) },
    },
    handler: async ({ caller, params }) => {
      assertWholeSite(caller, 'the sinks are those');
      return { dead: [...known(await notify.dead(params.sink))] };
    },
  });
  sendRoutes(app, notify);
  stateRoutes(app, notify);
}

type Service = ApiServices['notify'];

function sendRoutes(app: App, notify: Service): void {
  app.route({
    method: 'POST',
    url: '/api/v1/notify/:sink/test',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'testSink',
      summary: 'Send a notice that says it is a test',
      tags: ['notify'],
      params: Sink,
      body: Nothing,
      response: { 200: Type.Object({ id: Type.String() }, openObject) },
    },
    handler: async ({ caller, params }) => {
      assertWholeSite(caller, 'the sinks are those');
      return { id: known(await notify.test(params.sink, caller.name)) };
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/notify/:sink/retry',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'retrySink',
      summary: 'Send again what was given up',
      tags: ['notify'],
      params: Sink,
      body: Nothing,
      response: { 200: Type.Object({ retried: Type.Integer({ minimum: 0 }) }, openObject) },
    },
    handler: async ({ caller, params }) => {
      assertWholeSite(caller, 'the sinks are those');
      return { retried: known(await notify.retryDead(params.sink, caller.name)) };
    },
  });
}

function stateRoutes(app: App, notify: Service): void {
  const verbs = [
    ['pause', 'pauseSink', 'Send nothing until it is resumed; what is news meanwhile waits', 'paused'],
    ['resume', 'resumeSink', 'Send on, beginning with what waited', 'running'],
  ] as const;
  for (const [verb, operationId, summary, state] of verbs)
    app.route({
      method: 'POST',
      url: `/api/v1/notify/:sink/${verb}`,
      config: { least: 'admin', once: true },
      schema: {
        operationId,
        summary,
        tags: ['notify'],
        params: Sink,
        body: Because,
        response: { 200: Type.Object({ state: Type.String() }, openObject) },
      },
      handler: async ({ caller, params, body }) => {
        assertWholeSite(caller, 'the sinks are those');
        const isThere = await notify[verb](params.sink, caller.name, body.reason);
        known(isThere ? state : undefined);
        return { state };
      },
    });
}

function known<T>(found: T | undefined): T {
  if (found !== undefined) return found;
  throw new Problem('not-found', 'no sink has this name; GET /api/v1/notify lists them');
}
