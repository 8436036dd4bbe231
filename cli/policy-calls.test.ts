import { describe, expect, it } from 'vitest';
import { type PolicyFetcher, policyCalls } from './policy-calls.ts';

describe('calls about the response policy', () => {
  it('say what they are made of, and never who makes them', async () => {
    const made: Parameters<PolicyFetcher>[0][] = [];
    const calls = policyCalls(async (call) => made.push(call));
    await calls.show();
    await calls.set({ version: 1 }, 'drill', 3);
    await calls.setAgain(1, 'back', 4);
    await calls.history();
    await calls.history(9);
    await calls.check({ version: 1 }, 1000);
    expect(made).toEqual([
      { method: 'GET', path: '/response-policy' },
      {
        method: 'PUT',
        path: '/response-policy',
        body: { policy: { version: 1 }, reason: 'drill' },
        ifMatch: 3,
      },
      { method: 'POST', path: '/response-policy/again', body: { version: 1, reason: 'back' }, ifMatch: 4 },
      { method: 'GET', path: '/response-policy/history' },
      { method: 'GET', path: '/response-policy/history?before=9' },
      { method: 'POST', path: '/response-policy/check', body: { policy: { version: 1 }, since: 1000 } },
    ]);
  });
});
