import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { HeldAnswer } from '../../ports/api-stops.ts';
import { heldStates } from '../../ports/brakes.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { IncidentId, listOf, loose, Reason, strictObject } from './schemas.ts';

const Held = loose('What was wanted, what was done in its place, which brake held it back and until when');

export function heldOrderRoutes(app: App, { stops: { held } }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/held-orders',
    config: { least: 'viewer' },
    schema: {
      operationId: 'listHeldOrders',
      summary: 'Stops that a brake held back, the newest first',
      tags: ['stopping'],
      querystring: Type.Object(
        {
          ...pageQuery,
          state: Type.Optional(Type.Enum([...heldStates])),
          id: Type.Optional(IncidentId),
        },
        strictObject,
      ),
      response: { 200: listOf(Held) },
    },
    handler: async ({ caller, query: { limit = 100, cursor, state, id } }) => {
      const page = await held.heldOrders(caller, {
        limit,
        ...cursors.read('held-orders', cursor),
        ...(state === undefined ? {} : { state }),
        ...(id === undefined ? {} : { idPrefix: id }),
      });
      return cursors.page('held-orders', page);
    },
  });
  const ends = [
    ['release', 'releaseHeldOrder', 'Have it done after all, past the brake'],
    ['cancel', 'cancelHeldOrder', 'Let what is held go on, and leave it alone from then on'],
  ] as const;
  for (const [how, operationId, summary] of ends)
    app.route({
      method: 'POST',
      url: `/api/v1/held-orders/:id/${how}`,
      config: { least: 'responder', once: true },
      schema: {
        operationId,
        summary,
        tags: ['stopping'],
        params: Type.Object({ id: IncidentId }, strictObject),
        body: Type.Object({ reason: Reason }, strictObject),
        response: { 200: loose('The held order, and the id of the order that was given') },
      },
      handler: async ({ caller, params, body }) => {
        const answer = await held.end(caller, params.id, how, { author: caller.name, reason: body.reason });
        if (answer.kind !== 'ended') throw refusal(answer);
        const { held: ended, order } = answer;
        return { held: ended, ...(order === undefined ? {} : { order }) };
      },
    });
}

function refusal({ kind, sentence }: Exclude<HeldAnswer, { kind: 'ended' }>): Problem {
  switch (kind) {
    case 'unknown':
      return new Problem('not-found', sentence);
    case 'over':
    case 'away':
      return new Problem('conflict', sentence);
    case 'not-allowed':
      return new Problem('stop-refused', sentence);
  }
}
