import { describe, expect, it } from 'vitest';
import { aCaller, fakeApi, fakeServices } from '../../../test/fakes/api.ts';
import { parseResponsePolicy } from '../../core/parse-response-policy.ts';
import { defaultPolicy } from '../../core/response-policy.ts';
import type { Role } from '../../ports/access.ts';
import type { PolicyCheckReport, ResponsePolicyService } from '../../ports/api-response-policy.ts';
import { PolicyRefused } from '../../ports/response-policy.ts';

const as = (role: Role, more: object = {}) => ({ authorization: `Bearer ${role}`, ...more });
const nothing = { total: 0, changes: [] };
const none = { actions: {}, dryRun: 0, rules: [], braked: {} };
const report: PolicyCheckReport = {
  occurrences: 7,
  next: none,
  current: none,
  stopped: nothing,
  spared: nothing,
  otherwise: nothing,
  idleRules: [],
  isCut: false,
  warnings: [],
};

/** Version 3 is in force; what is asked for is kept. */
function policies(over: Partial<ResponsePolicyService> = {}) {
  const asked: unknown[] = [];
  const by = { author: 'ada', reason: 'CHG-1' };
  const inForce = { version: 3, policy: defaultPolicy, by, setAt: 5 };
  const service: ResponsePolicyService = {
    inForce,
    set: async (document, change, ifMatch) => {
      const parsed = parseResponsePolicy(document);
      if (parsed.kind === 'refused') throw new PolicyRefused('invalid', parsed.problems);
      asked.push({ set: document, change, ifMatch });
      return { ...inForce, version: 4, warnings: ['careful'] };
    },
    setMode: async () => inForce,
    setAgain: async (version, change, ifMatch) => {
      asked.push({ version, change, ifMatch });
      return { ...inForce, version: 4 };
    },
    history: async ({ before = 4, limit }) =>
      [3, 2, 1]
        .filter((version) => version < before)
        .slice(0, limit)
        .map((version) => ({ ...inForce, version })),
    check: async (document, since, scope) => {
      asked.push({ check: document, since, scope });
      return report;
    },
    ...over,
  };
  return { asked, api: fakeApi({ responsePolicy: service }) };
}
const path = '/api/v1/response-policy';
const put = (policy: object, headers: object) => ({
  method: 'PUT' as const,
  url: path,
  headers: { ...headers },
  payload: { policy, reason: 'CHG-2' },
});

describe('the response policy over HTTP', () => {
  it('is told with its version as ETag, to viewers', async () => {
    const app = await policies().api;
    const answer = await app.inject({ url: path, headers: as('viewer') });
    expect([answer.statusCode, answer.headers.etag]).toEqual([200, '"3"']);
    expect(answer.json()).toEqual({
      version: 3,
      policy: defaultPolicy,
      by: { author: 'ada', reason: 'CHG-1' },
      setAt: 5,
    });
  });

  it('is set by an administrator who says which version they looked at; who it was is never in the body', async () => {
    const { asked, api } = policies();
    const app = await api;
    const answer = await app.inject(put({ version: 1, mode: 'freeze' }, as('admin', { 'if-match': '"3"' })));
    expect([answer.statusCode, answer.headers.etag, answer.json().warnings]).toEqual([
      200,
      '"4"',
      ['careful'],
    ]);
    expect(asked).toEqual([
      { set: { version: 1, mode: 'freeze' }, change: { author: 'admin', reason: 'CHG-2' }, ifMatch: 3 },
    ]);
  });

  it('is set again', async () => {
    const { asked, api } = policies();
    const app = await api;
    const answer = await app.inject({
      method: 'POST',
      url: `${path}/again`,
      headers: as('admin', { 'if-match': '"3"' }),
      payload: { version: 1, reason: 'back' },
    });
    expect([answer.statusCode, answer.headers.etag]).toEqual([200, '"4"']);
    expect(asked).toEqual([{ version: 1, change: { author: 'admin', reason: 'back' }, ifMatch: 3 }]);
  });

  it.each<[string, object, object, number, string]>([
    ['no version named', { version: 1 }, {}, 428, 'condition-required'],
    ['another version named', { version: 1 }, { 'if-match': '"2"' }, 412, 'changed-meanwhile'],
    ['no policy', { mode: 'kil' }, { 'if-match': '"3"' }, 400, 'invalid'],
  ])('refuses %s', async (_name, policy, headers, status, code) => {
    const { asked, api } = policies();
    const answer = await (await api).inject(put(policy, as('admin', headers)));
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(asked).toEqual([]);
  });

  it('tells every problem of a document with its path, however many', async () => {
    const rules = Array.from({ length: 30 }, (_, i) => ({
      name: `r${i}`,
      match: { kinds: ['exce'] },
      mode: 'kill',
    }));
    const answer = await (await policies().api).inject(
      put({ version: 1, rules }, as('admin', { 'if-match': '*' })),
    );
    const { detail, errors } = answer.json();
    expect(detail).toBe('the response policy has 30 problems to mend');
    expect(errors).toHaveLength(30);
    expect(errors[29]).toMatchObject({
      field: 'body.policy.rules[29].match.kinds[0]',
      message: expect.stringMatching(/^is "exce".*did you mean exec\?$/),
    });
  });

  it.each([
    ['changed', 412, 'changed-meanwhile'],
    ['no-such-version', 404, 'not-found'],
    ['no-reason', 400, 'invalid'],
  ] as const)('says that it is %s', async (code, status, problem) => {
    const setAgain = () => Promise.reject(new PolicyRefused(code, ['it is so']));
    const answer = await (await policies({ setAgain }).api).inject({
      method: 'POST',
      url: `${path}/again`,
      headers: as('admin', { 'if-match': '*' }),
      payload: { version: 1, reason: 'x' },
    });
    expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([
      status,
      problem,
      'it is so',
    ]);
  });

  it('tells its history in pages', async () => {
    const app = await policies().api;
    const page = async (query: string) =>
      (await app.inject({ url: `${path}/history?limit=2${query}`, headers: as('viewer') })).json();
    const first = await page('');
    expect(first.items.map((p: { version: number }) => p.version)).toEqual([3, 2]);
    const second = await page(`&cursor=${first.next}`);
    expect(second).toMatchObject({ items: [{ version: 1 }] });
    expect(second.next).toBeUndefined();
  });

  it('is tried on what the caller sees, and nothing else', async () => {
    const scope = { clusters: [], namespaces: ['shop'] };
    const { access } = fakeServices();
    const seen: unknown[] = [];
    const app = await fakeApi({
      access: { ...access, authenticate: async () => aCaller('analyst', scope) },
      responsePolicy: {
        ...fakeServices().responsePolicy,
        check: async (...args) => {
          seen.push(args);
          return report;
        },
      },
    });
    const answer = await app.inject({
      method: 'POST',
      url: `${path}/check`,
      headers: as('analyst'),
      payload: { policy: { version: 1 }, since: 1000 },
    });
    expect(answer.json()).toMatchObject({ occurrences: 7 });
    expect(seen).toEqual([[{ version: 1 }, 1000, scope]]);
  });

  it('is tried once at a time, and after a failure again', async () => {
    let begun = 0;
    const [entered, end] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()];
    const check = () => {
      begun += 1;
      entered.resolve();
      return end.promise;
    };
    const app = await policies({ check }).api;
    const payload = { policy: {}, since: 0 };
    const ask = async () =>
      app.inject({ method: 'POST', url: `${path}/check`, headers: as('analyst'), payload });
    const first = ask();
    await entered.promise;
    const second = await ask();
    expect([second.statusCode, second.json().code, begun]).toEqual([503, 'unavailable', 1]);
    end.reject(new PolicyRefused('invalid', ['version is missing']));
    expect((await first).json().errors).toMatchObject([
      { field: 'body.policy.version', message: 'is missing' },
    ]);
    expect((await ask()).statusCode).toBe(400);
  });
});

describe('an administrator of one namespace', () => {
  it.each([
    ['PUT', path, { policy: { version: 1 }, reason: 'x' }],
    ['POST', `${path}/again`, { version: 1, reason: 'x' }],
    ['GET', '/api/v1/audit', undefined],
    ['GET', '/api/v1/audit/export', undefined],
    ['GET', '/api/v1/audit/proofs/1', undefined],
    ['POST', '/api/v1/audit/accept-fork', { reason: 'x' }],
    ['GET', '/api/v1/notify', undefined],
    ['GET', '/api/v1/notify/ops/dead', undefined],
    ['POST', '/api/v1/notify/ops/test', {}],
    ['POST', '/api/v1/notify/ops/retry', {}],
    ['POST', '/api/v1/notify/ops/pause', { reason: 'x' }],
    ['POST', '/api/v1/notify/ops/resume', { reason: 'x' }],
  ] as const)('%s %s is not for them', async (method, url, payload) => {
    const scoped = aCaller('admin', { clusters: [], namespaces: ['shop'] });
    const { access } = fakeServices();
    const app = await fakeApi({ access: { ...access, authenticate: async () => scoped } });
    const answer = await app.inject({
      method,
      url,
      headers: as('admin', { 'if-match': '*' }),
      ...(payload === undefined ? {} : { payload }),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'forbidden']);
  });
});
