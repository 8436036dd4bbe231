import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { ApiOptions, App } from './app.ts';
import { Problem } from './problem.ts';

/** A page that is open in ten tabs asks a few times a second; a script that needs more than this has lost its way. */
const defaultPerMinute = 600;
/** Callers whose requests are counted at once; the oldest are forgotten. */
const maxCounted = 10_000;

/** Headers that keep a browser from being used against us, and a limit for whoever asks too much. */
export async function protect(app: App, { perMinute = defaultPerMinute }: ApiOptions): Promise<void> {
  await app.register(helmet, {
    global: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: { maxAge: 31_536_000 },
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  await app.register(rateLimit, {
    global: true,
    // After it is known who asks, before a body is read.
    hook: 'preParsing',
    max: perMinute,
    timeWindow: 60_000,
    cache: maxCounted,
    keyGenerator: (request) =>
      request.caller.key === 'nobody' ? `address:${request.ip}` : request.caller.key,
    // Whoever may open the socket could as well end the process.
    allowList: (request) => request.caller.key === 'local',
    errorResponseBuilder: (_request, { max }) =>
      new Problem('too-many-requests', `more than ${max} requests came within a minute; ask less often`),
  });
}
