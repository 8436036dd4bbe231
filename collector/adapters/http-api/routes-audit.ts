import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import { type AuditRow, auditTypes } from '../../ports/api-audit.ts';
import type { App, Tools } from './app.ts';
import { pageQuery } from './cursor.ts';
import { Problem } from './problem.ts';
import { listOf, openObject, Reason, strictObject, Time } from './schemas.ts';
import { inPieces } from './text-pieces.ts';
import { assertWholeSite } from './whole-site.ts';

/** Each reads the whole log from the database that agents write to. */
const maxExports = 4;
/** Who reads nothing for so long is gone: the export would hold one of few places. */
const maxStalledMs = 60_000;

const Text = Type.String({ minLength: 1, maxLength: 1024 });
const Entry = Type.Object(
  {
    seq: Type.Integer({ minimum: 0, description: 'Its place in the log' }),
    at: Time,
    type: Type.String(),
    author: Type.String({ description: 'Empty when the body was erased' }),
    about: Type.Optional(Type.String()),
    leaf: Type.String({ description: 'The hash in the tree, base64' }),
    entry: Type.Optional(Type.Unknown({ description: 'As it was put on record; absent when it was erased' })),
  },
  openObject,
);

export function auditRoutes(app: App, { audit }: ApiServices, { cursors }: Tools): void {
  app.route({
    method: 'GET',
    url: '/api/v1/audit',
    config: { least: 'admin' },
    schema: {
      operationId: 'listAudit',
      summary: 'What is on record, newest first',
      tags: ['audit'],
      querystring: Type.Object(
        {
          ...pageQuery,
          since: Type.Optional(Time),
          until: Type.Optional(Time),
          type: Type.Optional(Type.Enum([...auditTypes])),
          author: Type.Optional(Text),
          about: Type.Optional(Text),
        },
        strictObject,
      ),
      response: { 200: listOf(Entry) },
    },
    handler: async ({ caller, query: { limit = 100, cursor, ...filter } }) => {
      assertWholeSite(caller, 'the audit log is that');
      const { after } = cursors.read('audit', cursor);
      const below = after === undefined ? Number.MAX_SAFE_INTEGER : Number(after.id);
      // One more than is shown tells whether there are more.
      const rows = await audit.entries({ ...filter, below, limit: limit + 1 });
      const items = rows.slice(0, limit).map(described);
      const last = rows.length > limit ? items.at(-1) : undefined;
      return cursors.page('audit', {
        items,
        ...(last === undefined ? {} : { next: { time: last.at, id: String(last.seq) } }),
      });
    },
  });
  exportRoute(app, audit);
  proofRoutes(app, audit);
  acceptRoute(app, audit);
}

type Service = ApiServices['audit'];

function exportRoute(app: App, audit: Service): void {
  let running = 0;
  app.route({
    method: 'GET',
    url: '/api/v1/audit/export',
    config: { least: 'admin', stream: true },
    schema: {
      operationId: 'exportAudit',
      summary: 'The whole log as JSON lines, to be verified anywhere: whorl audit verify',
      tags: ['audit'],
      querystring: Type.Object({ since: Type.Optional(Time) }, strictObject),
      response: { 200: Type.Unsafe<Readable>({ type: 'string', description: 'application/x-ndjson' }) },
    },
    handler: async ({ caller, query: { since } }, reply) => {
      assertWholeSite(caller, 'the audit log is that');
      if (running >= maxExports)
        throw new Problem('unavailable', `${maxExports} exports are under way already`, {
          headers: { 'retry-after': '30' },
        });
      running += 1;
      reply.raw.setTimeout(maxStalledMs, () => reply.raw.destroy());
      reply.raw.once('close', () => {
        running -= 1;
      });
      // Read from the log as fast as it is taken, so that it never is in memory whole.
      const pieces = Readable.from(inPieces(audit.export(since)), { highWaterMark: 1 });
      return reply.type('application/x-ndjson').header('x-accel-buffering', 'no').send(pieces);
    },
  });
}

function proofRoutes(app: App, audit: Service): void {
  app.route({
    method: 'GET',
    url: '/api/v1/audit/proofs/:seq',
    config: { least: 'admin' },
    schema: {
      operationId: 'proveAuditEntry',
      summary: 'A document that proves one entry to whoever has the key and not the log',
      tags: ['audit'],
      params: Type.Object({ seq: Type.String({ pattern: '^[0-9]{1,15}$' }) }, strictObject),
      response: { 200: Type.Unsafe<Buffer>({ type: 'object', description: 'Canonical JSON' }) },
    },
    handler: async ({ caller, params }, reply) => {
      assertWholeSite(caller, 'the audit log is that');
      const proof = await audit.prove(Number(params.seq));
      if (proof === undefined)
        throw new Problem('not-found', 'no signed checkpoint covers an entry of this number');
      // Bytes, because text would be written as JSON once more, and what is proven are these very bytes.
      return reply.type('application/json').send(Buffer.from(proof));
    },
  });
  app.route({
    method: 'GET',
    url: '/api/v1/audit/checkpoint',
    // Heads of the log say nothing of what is in it, and the more people keep them the better.
    config: { least: 'viewer' },
    schema: {
      operationId: 'getAuditCheckpoint',
      summary: 'The last signed checkpoint of the log, to be kept elsewhere',
      tags: ['audit'],
      response: { 200: Type.String({ description: 'A signed note (C2SP), text/plain' }) },
    },
    handler: async (_request, reply) => {
      const note = await audit.checkpoint();
      if (note === undefined)
        throw new Problem('not-found', 'no checkpoint was signed yet; one is within a minute');
      return reply.type('text/plain; charset=utf-8').send(note);
    },
  });
}

function acceptRoute(app: App, audit: Service): void {
  app.route({
    method: 'POST',
    url: '/api/v1/audit/accept-fork',
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'acceptAuditFork',
      summary: 'Go on signing a log that is not what it was',
      tags: ['audit'],
      body: Type.Object({ reason: Reason }, strictObject),
      response: { 200: Type.Object({ accepted: Type.Boolean() }, openObject) },
    },
    handler: async ({ caller, body }) => {
      assertWholeSite(caller, 'the audit log is that');
      if (await audit.acceptFork({ author: caller.name, reason: body.reason })) return { accepted: true };
      throw new Problem('conflict', 'the log is what it was: there is nothing to accept');
    },
  });
}

function described({ seq, time, type, author, about, leaf, body }: AuditRow) {
  return {
    seq,
    at: time,
    type,
    author,
    ...(about === undefined ? {} : { about }),
    leaf: Buffer.from(leaf).toString('base64'),
    ...(body === undefined ? {} : { entry: entryOf(body) }),
  };
}

/** What somebody wrote into the database by hand need not be JSON: it is shown, and `whorl audit verify` says what it is. */
function entryOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
