import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policyStoreFile } from './policy-store-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-policies-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'policies.json');
const kept = [1, 2].map((n) => ({ acceptedAt: n, envelope: Uint8Array.of(n, 0, 255) }));

describe('policyStoreFile', () => {
  it('is empty before anything is kept, and gives back what was, for its owner alone', async () => {
    const store = policyStoreFile(path);
    expect(await store.load()).toEqual([]);
    await store.save(kept);
    expect(await policyStoreFile(path).load()).toEqual(kept);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['policies.json']);
  });

  it.each([
    ['empty', ''],
    ['cut off', '{"policies":[{"acceptedAt":1,'],
    ['another document', '{"streams":{}}'],
    ['loose base64', '{"policies":[{"acceptedAt":1,"envelope":"AA A"}]}'],
    ['no moment', '{"policies":[{"envelope":"AA=="}]}'],
  ])('never takes a file that is %s for an empty one', async (_name, text) => {
    writeFileSync(path, text);
    await expect(policyStoreFile(path).load()).rejects.toThrow(expect.objectContaining({ code: 'STATE_IO' }));
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('says why it cannot keep', async () => {
    const nowhere = policyStoreFile(join(directory, 'nowhere', 'policies.json'));
    await expect(nowhere.save(kept)).rejects.toThrow(/nowhere\/policies.json cannot be written \(ENOENT\)/);
  });
});
