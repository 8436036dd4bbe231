import { PassThrough, type Readable } from 'node:stream';
import { Type } from 'typebox';
import type { ApiServices, FeedEvent } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';

/** Who listens to events and does not read them is cut off before it costs more than this. */
const maxUnreadBytes = 8 * 1024 * 1024;
/** A proxy gives up on a silent connection after 30 s or more. */
const heartbeatMs = 15_000;
/** How long a browser waits before it comes back. */
const retryMs = 3_000;
/** A few hundred people with two tabs each; beyond it the memory of unread events would be too much. */
const maxListeners = 512;

const forms = {
  'text/event-stream': {
    head: `retry: ${retryMs}\n\n`,
    beat: ': still here\n\n',
    event: ({ id, type, json }: FeedEvent) => `id: ${id}\nevent: ${type}\ndata: ${json}\n\n`,
  },
  // Empty lines are none: they only show that somebody is there.
  'application/x-ndjson': { head: '\n', beat: '\n', event: ({ json }: FeedEvent) => `${json}\n` },
} as const;

export function eventRoutes(app: App, { feed }: ApiServices): void {
  let listeners = 0;
  app.route({
    method: 'GET',
    url: '/api/v1/events',
    config: { least: 'viewer', stream: true },
    schema: {
      operationId: 'events',
      summary: 'Every change of state as it happens, without end',
      description:
        'Server-sent events, resumed after `Last-Event-ID`; an event `reset` says that too much was missed and all must be read again. ' +
        'With `Accept: application/x-ndjson` a JSON line each.',
      tags: ['events'],
      headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 64 })) }),
      response: {
        200: Type.Unsafe<Readable>({
          type: 'string',
          description: 'text/event-stream, or application/x-ndjson',
        }),
      },
    },
    handler: async (request, reply) => {
      if (listeners >= maxListeners)
        throw new Problem('unavailable', `${maxListeners} listen already`, {
          headers: { 'retry-after': '30' },
        });
      const wantsLines = request.headers.accept?.includes('application/x-ndjson') === true;
      const type = wantsLines ? 'application/x-ndjson' : 'text/event-stream';
      const form = forms[type];
      const stream = new PassThrough();
      const send = (text: string): void => {
        const unread = stream.writableLength + stream.readableLength + reply.raw.writableLength;
        if (unread <= maxUnreadBytes) stream.write(text);
        else reply.raw.destroy();
      };
      listeners += 1;
      send(form.head);
      const unfollow = feed.follow(request.caller, request.headers['last-event-id'], (event) =>
        send(form.event(event)),
      );
      const beat = setInterval(() => send(form.beat), heartbeatMs);
      reply.raw.once('close', () => {
        listeners -= 1;
        clearInterval(beat);
        unfollow();
        stream.destroy();
      });
      return reply.type(type).header('x-accel-buffering', 'no').send(stream);
    },
  });
}
