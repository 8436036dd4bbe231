import { chmodSync, closeSync, openSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { privatePem, sealPrivateKey } from '../fingerprint/keys.ts';
import { fakeIo } from '../test/fakes/io.ts';
import { vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';
import type { Io } from './io.ts';
import { readPrivateKey } from './key-file.ts';
import { readChunks, readFile } from './read-file.ts';

const world = trustWorld();
const right = 'correct horse';
const sealed = world.given(
  'sealed.key',
  sealPrivateKey(vendor, right, (n) => new Uint8Array(n).fill(3)),
);
const file = (name: string, content: string): string => world.given(`${name}.txt`, content);
const descriptor = openSync(file('fd', `${right}\n`), 'r');
afterAll(() => {
  closeSync(descriptor);
  world.remove();
});

/** What the terminal was asked, if it was. */
async function open(path: string, options: object, given: Partial<Io> = {}) {
  const asked: string[] = [];
  const askSecret = async (prompt: string): Promise<string | undefined> => {
    asked.push(prompt);
    return given.askSecret?.(prompt);
  };
  const io = fakeIo({}, { readFile, readChunks, ...given, askSecret });
  return { key: await readPrivateKey(io, path, options), asked, told: io.stderr };
}

describe('the passphrase of an encrypted key', () => {
  it.each<[string, object, Partial<Io>]>([
    ['a file', { passphraseFile: file('plain', right) }, {}],
    ['a file as editors write it', { passphraseFile: file('newline', `${right}\n`) }, {}],
    ['a file as Windows writes it', { passphraseFile: file('crlf', `${right}\r\n`) }, {}],
    ['a descriptor', { passphraseFd: String(descriptor) }, {}],
    ['the environment', {}, { env: { WHORL_PASSPHRASE: right } }],
    [
      'a file before the environment',
      { passphraseFile: file('p', right) },
      { env: { WHORL_PASSPHRASE: 'x' } },
    ],
  ])('comes from %s', async (_where, options, given) => {
    const { key, asked } = await open(sealed, options, given);
    expect(key).toEqual(vendor);
    expect(asked).toEqual([]);
  });

  it('is asked for on the terminal when nobody gave it', async () => {
    const { key, asked } = await open(sealed, {}, { askSecret: async () => right });
    expect(key).toEqual(vendor);
    expect(asked).toEqual([expect.stringMatching(/^Passphrase for .*sealed\.key: $/)]);
  });

  it.each<[string, object, Partial<Io>, number, RegExp]>([
    ['wrong', {}, { env: { WHORL_PASSPHRASE: 'house' } }, 3, /does not open this key \(KEY_PASSPHRASE\)/],
    ['empty', {}, { env: { WHORL_PASSPHRASE: '' } }, 3, /KEY_PASSPHRASE/],
    ['with a space too many', { passphraseFile: file('space', `${right} \n`) }, {}, 3, /KEY_PASSPHRASE/],
    ['of two lines', { passphraseFile: file('two', 'a\nb\n') }, {}, 2, /more than one line/],
    ['in an empty file', { passphraseFile: file('empty', '') }, {}, 2, /is empty/],
    [
      'in a file of a megabyte',
      { passphraseFile: file('huge', 'x'.repeat(1 << 20)) },
      {},
      2,
      /larger than 4096/,
    ],
    ['in no file', { passphraseFile: world.at('nowhere') }, {}, 2, /no such file/],
    ['given twice', { passphraseFile: 'a', passphraseFd: '3' }, {}, 2, /not both/],
    ['from a descriptor by name', { passphraseFd: 'stdin' }, {}, 2, /number of an open file descriptor/],
    ['from a closed descriptor', { passphraseFd: '999' }, {}, 2, /no such file/],
    ['not given, without a terminal', {}, {}, 2, /encrypted and there is no terminal to ask on/],
  ])('is refused when it is %s', async (_name, options, given, exitCode, message) => {
    await expect(open(sealed, options, given)).rejects.toThrow(
      expect.objectContaining({ exitCode, message: expect.stringMatching(message) }),
    );
  });
});

describe('a key without a passphrase', () => {
  const plain = world.given('plain.key', privatePem(vendor));

  it('is opened without asking', async () => {
    expect(await open(plain, {})).toEqual({ key: vendor, asked: [], told: [] });
  });

  it('that others can read is opened, and said', async () => {
    const loose = world.given('loose.key', privatePem(vendor));
    chmodSync(loose, 0o644);
    const { key, told } = await open(loose, {});
    expect(key).toEqual(vendor);
    expect(told).toEqual([
      expect.stringMatching(/loose\.key is not encrypted and others can read it: run chmod 600/),
    ]);
  });
});
