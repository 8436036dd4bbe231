import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import type { Role } from '../../ports/access.ts';
import type { Answered, ApiServices, Caller } from '../../ports/api.ts';
import type { Log } from '../../ports.ts';
import { Attempts } from './attempts.ts';
import { Cursors } from './cursor.ts';
import { problemOf, routeOf, sendProblem } from './explain.ts';
import { addHooks } from './hooks.ts';
import { Idempotency } from './idempotency.ts';
import { Problem } from './problem.ts';
import { protect } from './protect.ts';
import { addRoutes } from './routes.ts';

/** JSON bodies are forms that people fill in; signed documents have a limit of their own. */
const maxBodyBytes = 64 * 1024;
/** An agent is `CLUSTER:NAME`, each of up to 253: one that could not be named could not be shut out. */
const maxParamLength = 512;

/** What the framework is told of each route besides its schema. */
export interface RouteConfig {
  /** The least role, or whoever comes. A route that names none does not start. */
  readonly least: Role | 'anyone';
  /** The body is a signed document and stays the bytes it is. */
  readonly document?: true;
  /** It changes something, and a repetition with the same Idempotency-Key does not do it again. */
  readonly once?: true;
  /** The answer goes on without end. */
  readonly stream?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig extends Partial<RouteConfig> {}
  interface FastifyRequest {
    caller: Caller;
    /** Under which name its answer is kept, when it is. */
    idempotent: string | undefined;
  }
}

export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface ApiOptions {
  readonly services: ApiServices;
  /** Who it is when the request came over the unix socket; undefined: over the network. */
  readonly local: (request: IncomingMessage) => Caller | undefined;
  readonly log: Log;
  readonly answered: (answered: Answered) => void;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
  /** Requests a minute of one caller; tests have smaller ones. */
  readonly perMinute?: number;
}

/** What routes are given besides the services. */
export interface Tools {
  readonly cursors: Cursors;
  readonly attempts: Attempts;
}

/** The whole application, ready to answer; who listens is not its affair. */
export async function buildApp(options: ApiOptions): Promise<App> {
  const { services, log, now, random } = options;
  const app: App = fastify({
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength },
    // Ids of clients would be written into the log as they come.
    requestIdHeader: false,
    genReqId: () => Buffer.from(random(8)).toString('hex'),
    // What Fastify drops or converts in silence by default is refused here; query.ts converts what is text by nature.
    ajv: {
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: true },
    },
    frameworkErrors: (error, request, reply) => {
      void sendProblem(reply, problemOf(error, log, request.id));
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    parsed(() => parseJson(new Uint8Array(body as Buffer)), done),
  );
  app.addContentTypeParser(
    ['application/octet-stream', 'application/vnd.dsse+json'],
    { parseAs: 'buffer' },
    (_request, body, done) => done(null, body),
  );
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler((error, request, reply) => sendProblem(reply, problemOf(error, log, request.id)));
  const tools: Tools = { cursors: new Cursors(random(32)), attempts: new Attempts(now) };
  // First: also who is refused at once gets the headers that protect a browser.
  await protect(app, options);
  const routes = addHooks(app, options, tools, new Idempotency(now));
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request) => {
    throw routes.missing(request.method, request.url);
  });
  await addRoutes(app, services, tools);
  app.addHook('onResponse', async (request, reply) => {
    options.answered({
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      who: request.caller.name,
      id: request.id,
      isStream: request.routeOptions.config.stream === true,
    });
  });
  await app.ready();
  return app;
}

function parsed(parse: () => unknown, done: (error: Error | null, body?: unknown) => void): void {
  try {
    done(null, parse());
  } catch (cause) {
    const message = 'is no JSON, or has a name twice';
    done(
      new Problem('invalid', `the body ${message}`, {
        errors: [{ field: 'body', message, fix: 'send one JSON object' }],
        cause,
      }),
    );
  }
}
