import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';
import { loose, Reason, strictObject } from './schemas.ts';

export function backupRoutes(app: App, { backups }: ApiServices): void {
  app.route({
    method: 'POST',
    url: '/api/v1/backups',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'makeBackup',
      summary: "Write the database into a file on the collector's machine; on its unix socket alone",
      tags: ['about'],
      body: Type.Object(
        {
          out: Type.String({
            pattern: '^/[^\\u0000]{1,4095}$',
            description: 'Absolute path of a file that is not there yet',
          }),
          withKeys: Type.Boolean({
            default: false,
            description: 'Private keys and certificates too: whoever has the file is then the collector',
          }),
          reason: Reason,
        },
        strictObject,
      ),
      response: { 201: loose('Where it is, how large, and what it says of itself') },
    },
    handler: async ({ caller, body }, reply) => {
      // It writes a file there, with the rights of the collector: nobody may from elsewhere, whatever their role.
      if (caller.key !== 'local')
        throw new Problem(
          'forbidden',
          "a backup is a file on the collector's machine; run whorl collector backup there",
        );
      const { out, withKeys, reason } = body;
      return reply.code(201).send(await backups.make(out, withKeys, { author: caller.name, reason }));
    },
  });
}
