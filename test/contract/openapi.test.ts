import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { fakeApi } from '../fakes/api.ts';

const file = 'docs/openapi.json';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<
    string,
    { readonly description: string; readonly content?: Record<string, { readonly schema: object }> }
  >;
}

interface Description {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

async function described(): Promise<Description> {
  const app = await fakeApi();
  return (await app.inject('/api/v1/openapi.json')).json();
}

describe('docs/openapi.json', () => {
  it('is what the collector answers (WHORL_UPDATE_DOCS=1 writes it anew)', async () => {
    const text = `${JSON.stringify(await described(), null, 2)}\n`;
    if (process.env.WHORL_UPDATE_DOCS === '1') writeFileSync(file, text);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('is OpenAPI 3.1: schemas of JSON Schema 2020-12, every placeholder a parameter, every name once', async () => {
    const { openapi, paths } = await described();
    expect(openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: true, strictTypes: false });
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    const ids = operations.map((o) => o.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, summary, parameters = [], requestBody, responses } of operations) {
      expect(summary).not.toBe('');
      const named = parameters.filter((p) => p.in === 'path').map((p) => `{${p.name}}`);
      expect([...path.matchAll(/\{\w+\}/g)].map(([name]) => name)).toEqual(named);
      expect(Object.keys(responses)).toContain('default');
      const bodies = [requestBody, ...Object.values(responses)].flatMap((b) =>
        Object.values(b?.content ?? {}),
      );
      for (const { schema } of [...parameters, ...bodies])
        if (schema !== undefined) expect(ajv.validateSchema(schema), JSON.stringify(ajv.errors)).toBe(true);
    }
  });

  it('gives what the command line reads page by page in pages', async () => {
    const { paths } = await described();
    const files = readdirSync('cli').filter((name) => name.endsWith('.ts'));
    const paged = files.flatMap((name) =>
      [...readFileSync(`cli/${name}`, 'utf8').matchAll(/\.list\('(\/[a-z-]+)'/g)].map(([, path]) => path),
    );
    expect(paged).toContain('/held-orders');
    for (const path of paged) {
      const { parameters = [] } = paths[`/api/v1${path}`]?.get ?? {};
      expect([path, parameters.map((p) => p.name)]).toEqual([
        path,
        expect.arrayContaining(['limit', 'cursor']),
      ]);
    }
  });

  it('describes refusals as they are', async () => {
    const { paths } = await described();
    const schema =
      paths['/api/v1/status']?.get?.responses.default?.content?.['application/problem+json']?.schema;
    const app = await fakeApi();
    const validate = new Ajv2020().compile(schema ?? false);
    for (const url of ['/api/v1/status', '/nope', '/api/v1/incidents?limit=0'])
      expect(validate((await app.inject({ url, headers: { authorization: 'x' } })).json()), url).toBe(true);
  });
});
