import { Type } from 'typebox';
import type { ApiServices } from '../../ports/api.ts';
import type { App } from './app.ts';
import { listOf, openObject, PlainName, Reason, strictObject, Time } from './schemas.ts';
import { assertWholeSite } from './whole-site.ts';

/** A JWKS of 64 KiB as a string of JSON, every quote of it escaped. */
const bodyLimit = 160 * 1024;

const Cluster = Type.Object(
  {
    name: Type.String(),
    issuer: Type.String(),
    audience: Type.String(),
    accounts: Type.Array(Type.String()),
    jwks: Type.String({ description: "sha256 of the issuer's keys as they were given, hex" }),
    author: Type.String(),
    addedAt: Time,
  },
  openObject,
);

const NewCluster = Type.Object(
  {
    name: PlainName,
    issuer: Type.String({ minLength: 1, maxLength: 1000, description: 'As its tokens say it: `iss`' }),
    audience: Type.String({ minLength: 1, maxLength: 253, default: 'whorl-collector' }),
    accounts: Type.Array(Type.String({ maxLength: 507 }), {
      minItems: 1,
      maxItems: 16,
      default: ['whorl-system/whorl-agent'],
      description: 'Service accounts that may enrol, each `namespace/name`',
    }),
    jwks: Type.String({
      maxLength: 65_536,
      description: "Public keys of the token issuer: the text of the cluster's /openid/v1/jwks",
    }),
    reason: Reason,
  },
  strictObject,
);

export function clusterRoutes(app: App, { clusters }: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/api/v1/clusters',
    config: { least: 'admin' },
    schema: {
      operationId: 'listClusters',
      summary: 'Clusters whose agents enrol by their service accounts',
      tags: ['agents'],
      response: { 200: listOf(Cluster) },
    },
    handler: async ({ caller }) => {
      assertWholeSite(caller, 'clusters are those');
      const items = (await clusters.clusters()).map((c) => ({ ...c, accounts: [...c.accounts] }));
      return { items };
    },
  });
  app.route({
    method: 'POST',
    url: '/api/v1/clusters',
    bodyLimit,
    config: { least: 'admin', once: true },
    schema: {
      operationId: 'addCluster',
      summary: 'Let the agents of a cluster enrol by its service accounts; again: with other keys',
      tags: ['agents'],
      body: NewCluster,
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, body: { reason, ...cluster } }, reply) => {
      assertWholeSite(caller, 'clusters are those');
      await clusters.add(cluster, { author: caller.name, reason });
      return reply.code(204).send(null);
    },
  });
  app.route({
    method: 'DELETE',
    url: '/api/v1/clusters/:name',
    config: { least: 'admin' },
    schema: {
      operationId: 'removeCluster',
      summary: 'Let no more agents of a cluster enrol; certificates that they have go on and are renewed',
      tags: ['agents'],
      params: Type.Object({ name: PlainName }, strictObject),
      querystring: Type.Object({ reason: Reason }, strictObject),
      response: { 204: Type.Null() },
    },
    handler: async ({ caller, params, query }, reply) => {
      assertWholeSite(caller, 'clusters are those');
      await clusters.remove(params.name, { author: caller.name, reason: query.reason });
      return reply.code(204).send(null);
    },
  });
}
