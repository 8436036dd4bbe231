import { expect, it } from 'vitest';
import { SourceState } from './source-state.ts';

it('tells what was not seen while the source was away, each part of it once', () => {
  const source = new SourceState('tracee', 100);
  expect(source.status).toEqual({ name: 'tracee', state: 'starting', version: '', since: 100, lastAt: 0 });
  expect(source.came(200, { type: 'connected', version: 'v0.24.1' })).toBeUndefined();
  expect(source.came(300)).toBeUndefined();
  expect(source.status).toMatchObject({ state: 'delivering', version: 'v0.24.1', since: 200, lastAt: 300 });
  expect(source.ended(500, 'it closed the stream')).toBe(300);
  expect(source.status).toMatchObject({ state: 'away', since: 500, reason: 'it closed the stream' });
  expect(source.ended(900, 'nobody listens')).toBe(500);
  expect(source.status).toMatchObject({ since: 500, reason: 'nobody listens', version: 'v0.24.1' });
  expect(source.came(1_000, { type: 'connected', version: 'v0.25.0' })).toBe(900);
  expect(source.status).toMatchObject({ state: 'delivering', version: 'v0.25.0', since: 1_000 });
  expect(source.status.reason).toBeUndefined();
  expect(source.came(1_100)).toBeUndefined();
});

it('counts from its start when it never delivered', () => {
  expect(new SourceState('tracee', 100).ended(400, 'x')).toBe(100);
});
