import { describe, expect, it } from 'vitest';
import { fakeApi, fakeServices } from '../../../test/fakes/api.ts';
import { defaultPolicy } from '../../core/response-policy.ts';
import { PolicyRefused } from '../../ports/response-policy.ts';

const url = '/api/v1/policy/mode';
const change = { mode: 'kill', reason: 'CHG-1' } as const;

/** Version 3 of the response policy is in force. What is set is kept. */
function site(refusal?: PolicyRefused) {
  const asked: unknown[] = [];
  const inForce = { version: 3, policy: defaultPolicy, setAt: 5 };
  const responsePolicy = {
    ...fakeServices().responsePolicy,
    inForce,
    setMode: async (...args: unknown[]) => {
      asked.push(args);
      if (refusal !== undefined) throw refusal;
      return { version: 4, policy: { ...defaultPolicy, mode: change.mode }, setAt: 6 };
    },
  };
  const api = fakeApi({ responsePolicy });
  const set = async (headers: Record<string, string>) =>
    (await api).inject({
      method: 'POST',
      url,
      headers: { authorization: 'Bearer admin', ...headers },
      payload: change,
    });
  return { asked, api, set };
}

describe('the mode over HTTP', () => {
  it('has the version of the response policy, which it is a part of', async () => {
    const { api, asked, set } = site();
    const seen = await (await api).inject({ url, headers: { authorization: 'Bearer viewer' } });
    expect([seen.json(), seen.headers.etag]).toEqual([{ mode: 'alert' }, '"3"']);
    const answer = await set({ 'if-match': String(seen.headers.etag) });
    expect([answer.statusCode, answer.json(), answer.headers.etag]).toEqual([200, { mode: 'kill' }, '"4"']);
    expect(asked).toEqual([['kill', { author: 'admin', reason: 'CHG-1' }, 3]]);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ['no version named', {}, 428, 'condition-required'],
    ['another version named', { 'if-match': '"2"' }, 412, 'changed-meanwhile'],
    // Of a mode that went away and came back its name would say that nothing had happened.
    ['the mode named', { 'if-match': '"alert"' }, 412, 'changed-meanwhile'],
  ])('refuses %s', async (_name, headers, status, code) => {
    const { asked, set } = site();
    const answer = await set(headers);
    expect([answer.statusCode, answer.json().code, asked]).toEqual([status, code, []]);
  });

  it('is not set by the slower of two who looked at the same version', async () => {
    const answer = await site(new PolicyRefused('changed', ['it was'])).set({ 'if-match': '"3"' });
    expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([
      412,
      'changed-meanwhile',
      'it was',
    ]);
  });
});
