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

const by = (signer: string, stream: string, version: number) => ({
  stream,
  version,
  digest: digestOf(version),
  signers: [signer],
});

it('forgets nothing of what another process accepted meanwhile', async () => {
  const path = join(directory, 'state.json');
  const [one, other] = [await openVerifyState(processIo(), path), await openVerifyState(processIo(), path)];
  await one.accept(by('ada', 'cart', 7));
  await other.accept(by('ada', 'db', 2));
  await other.accept(by('bob', 'cart', 6));
  const { seen, recorded } = await openVerifyState(processIo(), path);
  expect([...seen]).toEqual([
    ['cart', { version: 7, digest: digestOf(7) }],
    ['db', { version: 2, digest: digestOf(2) }],
  ]);
  const heard = (key: string): number[] => [2, 6, 7].filter((n) => recorded(digestOf(n), key) !== undefined);
  expect([heard('ada'), heard('bob')]).toEqual([[2, 7], [6]]);
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
