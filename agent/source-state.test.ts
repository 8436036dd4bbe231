import { describe, expect, it } from 'vitest';
import { SourceState } from './source-state.ts';

it('tells what was not seen while the source was away, each part of it once', () => {
  const source = new SourceState('tracee', 100);
  expect(source.status(2_000)).toEqual({
    name: 'tracee',
    state: 'starting',
    version: '',
    since: 100,
    lastAt: 0,
  });
  expect(source.came(150, { type: 'connected', version: 'v0.24.1' })).toBeUndefined();
  expect(source.status(2_000)).toMatchObject({ state: 'starting', version: 'v0.24.1', lastAt: 0 });
  expect(source.came(200, { type: 'watching' })).toBeUndefined();
  expect(source.came(300)).toBeUndefined();
  expect(source.status(2_000)).toMatchObject({
    state: 'delivering',
    version: 'v0.24.1',
    since: 200,
    lastAt: 300,
  });
  expect(source.ended(500, 'it closed the stream')).toBe(300);
  expect(source.status(2_000)).toMatchObject({ state: 'away', since: 500, reason: 'it closed the stream' });
  expect(source.ended(900, 'nobody listens')).toBe(500);
  expect(source.status(2_000)).toMatchObject({ since: 500, reason: 'nobody listens', version: 'v0.24.1' });
  expect(source.came(950, { type: 'connected', version: 'v0.25.0' })).toBeUndefined();
  expect(source.status(2_000)).toMatchObject({ state: 'away', version: 'v0.25.0' });
  expect(source.came(1_000, { type: 'watching' })).toBe(900);
  expect(source.status(2_000)).toMatchObject({ state: 'delivering', version: 'v0.25.0', since: 1_000 });
  expect(source.status(2_000).reason).toBeUndefined();
  expect(source.came(1_100)).toBeUndefined();
});

it('counts from its start when it never delivered', () => {
  expect(new SourceState('tracee', 100).ended(400, 'x')).toBe(100);
});

describe('a source that stands still', () => {
  const second = 1_000_000;
  const wedged = (): SourceState => {
    const source = new SourceState('tracee', 0);
    source.came(second, { type: 'watching' });
    source.ended(12 * second, 'it stands still', true);
    source.came(13 * second, { type: 'watching' });
    return source;
  };
  const away = { state: 'away', since: 12 * second, reason: 'it stands still' };

  it('is away although it takes connections', () => {
    const source = wedged();
    expect(source.status(14 * second)).toMatchObject(away);
    expect(source.ended(24 * second, 'it stands still', true)).toBe(13 * second);
    expect(source.status(24 * second)).toMatchObject(away);
  });

  it('delivers again with the first that comes', () => {
    const source = wedged();
    source.came(14 * second);
    expect(source.status(14 * second)).toMatchObject({ state: 'delivering', since: 13 * second });
  });

  it('delivers again when it was quiet and not found standing still', () => {
    expect(wedged().status(28 * second)).toMatchObject({ state: 'delivering' });
  });

  it('is away for another reason when it is gone', () => {
    const source = wedged();
    source.ended(15 * second, 'nobody listens');
    expect(source.status(16 * second)).toMatchObject({ ...away, reason: 'nobody listens' });
  });
});
