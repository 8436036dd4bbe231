import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { Problem } from './problem.ts';
import { loose } from './schemas.ts';
import { assertWholeSite } from './whole-site.ts';

/** docs/format.md: the largest envelope that is read. */
const maxDocumentBytes = 4 * 1024 * 1024;

export function documentRoutes(app: App, { documents }: ApiServices): void {
  app.route({
    method: 'POST',
    url: '/api/v1/documents',
    config: { least: 'analyst', document: true, once: true },
    bodyLimit: maxDocumentBytes,
    schema: {
      operationId: 'addDocument',
      summary:
        'Hand out a signed fingerprint, overlay, approval or trust policy; each agent verifies it itself',
      tags: ['documents'],
      consumes: ['application/vnd.dsse+json', 'application/octet-stream'],
      body: Type.Unsafe<Buffer>({ description: 'The DSSE envelope, byte for byte' }),
      response: { 200: loose('Kind, digest, images it is about, and how many agents were connected') },
    },
    handler: async ({ caller, body }) => {
      // Documents rule wherever their subjects run: who sees a part of the site must not hand them to all of it.
      assertWholeSite(caller, 'documents are those');
      if (!Buffer.isBuffer(body) || body.length === 0)
        throw new Problem('invalid', 'the body is empty; send the signed document');
      return documents.addDocument(new Uint8Array(body), caller.name);
    },
  });
}
