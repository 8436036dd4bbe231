import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { armStateFile } from './arm-state-file.ts';
import { disarmLabelsFile } from './disarm-labels-file.ts';

const hour = 3_600_000_000;
const start = Date.UTC(2026, 0, 1) * 1000;
const file = {
  since: '2026-01-01T00:00:00Z',
  until: '2026-01-01T01:00:00Z',
  author: 'ada',
  reason: 'repair',
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-arm-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const disarmed = (text: string | undefined, now: number) => {
  if (text !== undefined) writeFileSync(join(dir, 'disarmed.json'), text);
  return armStateFile(dir).disarmed(now);
};

describe('a node that is disarmed by hand', () => {
  it('is so until the time that stands there', async () => {
    expect(await disarmed(undefined, start)).toBeUndefined();
    expect(await disarmed(JSON.stringify(file), start + hour - 1)).toEqual({
      reason: 'ada: repair',
      until: start + hour,
    });
    expect(await disarmed(undefined, start + hour)).toBeUndefined();
  });

  it('is so for a day at most', async () => {
    const forever = JSON.stringify({ ...file, until: '2099-01-01T00:00:00Z' });
    expect(await disarmed(forever, start + 24 * hour - 1)).toMatchObject({ until: start + 24 * hour });
    expect(await disarmed(undefined, start + 24 * hour)).toBeUndefined();
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no time', JSON.stringify({ ...file, until: 'tomorrow' })],
    ['no reason', JSON.stringify({ ...file, reason: 1 })],
    ['far too much', `${JSON.stringify(file)}${' '.repeat(20_000)}`],
  ])('is so, too, when the file holds %s', async (_what, text) => {
    expect(await disarmed(text, start)).toMatchObject({ reason: expect.stringContaining('cannot be read') });
  });
});

describe('labels that disarm, over a restart', () => {
  const label = { namespace: 'shop', value: '1798761600', seenAt: start };
  const file = () => join(dir, 'disarm-labels.json');

  it('are what was kept last, and none before', async () => {
    const store = disarmLabelsFile(file());
    expect(await store.load()).toEqual([]);
    await store.save([label, { ...label, namespace: 'bank' }]);
    await store.save([label]);
    expect(await disarmLabelsFile(file()).load()).toEqual([label]);
  });

  it.each([
    ['no JSON', '{'],
    ['another form', '[]'],
    ['no list', '{"labels": 7}'],
    [
      'no labels',
      '{"labels": [7, {"namespace": "shop"}, {"namespace": "shop", "value": "1", "seenAt": 1.5}]}',
    ],
    ['far too much', `{"labels": []}${' '.repeat(3 << 20)}`],
  ])('are none when the file holds %s', async (_what, text) => {
    writeFileSync(file(), text);
    expect(await disarmLabelsFile(file()).load()).toEqual([]);
  });
});
