import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FingerprintSource, KeptEnvelope } from '../ports/kept.ts';
import { fingerprintsDir } from './fingerprints-dir.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-fingerprints-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const kept = async (source: FingerprintSource): Promise<KeptEnvelope[]> => {
  const found: KeptEnvelope[] = [];
  for await (const envelope of source.envelopes()) found.push(envelope);
  return found;
};
const names = async (): Promise<string[]> => (await kept(fingerprintsDir(dir))).map((e) => e.name);

describe('fingerprints in a directory', () => {
  it('gives back what it kept, the newest of each name, readable by the owner alone', async () => {
    const source = fingerprintsDir(join(dir, 'new'));
    await source.keep('cart-1', bytes('a'));
    await source.keep('cart-1', bytes('b'));
    await source.keep('auth', bytes('c'));
    const found = (await kept(source)).map((e) => [e.name, new TextDecoder().decode(e.bytes)]);
    expect(found).toEqual([
      ['auth', 'c'],
      ['cart-1', 'b'],
    ]);
    expect(statSync(join(dir, 'new/auth.intoto.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, 'new'))).toHaveLength(2);
  });

  it('keeps no longer what it is to forget, and minds nothing that is gone', async () => {
    const source = fingerprintsDir(dir);
    await source.keep('cart', bytes('a'));
    await source.forget('cart');
    await source.forget('cart');
    expect(await names()).toEqual([]);
    await expect(source.forget('../cart')).rejects.toThrow('letters, digits, dots and dashes');
  });

  it('knows what still lies there, whatever a person called it', async () => {
    const source = fingerprintsDir(dir);
    writeFileSync(join(dir, 'laid by hand.intoto.json'), '{}');
    expect([await source.has('laid by hand'), await source.has('gone')]).toEqual([true, false]);
  });

  it('gives what people signed before what was learned, so that much of this crowds out nothing', async () => {
    for (const name of ['learned-0', 'learned-1', 'zebra', '0abc'])
      writeFileSync(join(dir, `${name}.intoto.json`), '{}');
    expect(await names()).toEqual(['0abc', 'zebra', 'learned-0', 'learned-1']);
  });

  it('has none while the directory does not exist', async () => {
    expect(await kept(fingerprintsDir(join(dir, 'none')))).toEqual([]);
  });

  it('passes over whatever is no envelope file', async () => {
    writeFileSync(join(dir, 'good.intoto.json'), '{}');
    writeFileSync(join(dir, '.half.intoto.json.new'), '{');
    writeFileSync(join(dir, 'README.md'), '');
    mkdirSync(join(dir, 'dir.intoto.json'));
    execFileSync('mkfifo', [join(dir, 'fifo.intoto.json')]);
    expect(await names()).toEqual(['good']);
  });

  it.each(['../x', '', '.hidden', 'a/b', 'a\0b', 'x'.repeat(201)])(
    'keeps nothing under the name %j',
    async (name) => {
      await expect(fingerprintsDir(dir).keep(name, bytes('x'))).rejects.toMatchObject({ code: 'name' });
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  it('says in a sentence what is wrong with the directory', async () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    await expect(kept(fingerprintsDir(file))).rejects.toThrow(
      /cannot be read \(ENOTDIR\): it must be a directory/,
    );
    await expect(fingerprintsDir(file).keep('a', bytes('x'))).rejects.toThrow(/cannot be written/);
  });
});
