import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { processIo } from './process-io.ts';
import { openVerifyState } from './verify-state.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-state-'));
chmodSync(directory, 0o700);
afterAll(() => rmSync(directory, { recursive: true }));
const digestOf = (n: number): string => `sha256:${String(n).repeat(64)}`;

it('forgets nothing of what another process accepted meanwhile', async () => {
  const path = join(directory, 'state.json');
  const [one, other] = [await openVerifyState(processIo(), path), await openVerifyState(processIo(), path)];
  await one.accept('cart', { version: 7, digest: digestOf(7) });
  await other.accept('db', { version: 2, digest: digestOf(2) });
  await other.accept('cart', { version: 6, digest: digestOf(6) });
  const { seen, recorded } = await openVerifyState(processIo(), path);
  expect([...seen]).toEqual([
    ['cart', { version: 7, digest: digestOf(7) }],
    ['db', { version: 2, digest: digestOf(2) }],
  ]);
  expect([2, 6, 7].map((n) => typeof recorded(digestOf(n)))).toEqual(['number', 'number', 'number']);
});

it.each([
  ['others can write', 0o777, false],
  ['is sticky', 0o1777, true],
])('in a directory that %s is kept or refused before it is there', async (_name, mode, isKept) => {
  const at = join(directory, String(mode));
  mkdirSync(at);
  chmodSync(at, mode);
  const opened = openVerifyState(processIo(), join(at, 'state.json'));
  if (isKept) expect((await opened).seen.size).toBe(0);
  else await expect(opened).rejects.toThrow(/directory that others can write.*STATE_IO/);
});
