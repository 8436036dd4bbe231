import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openPrivateKey, parsePublicPem } from '../fingerprint/keys.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';
import type { Io } from './io.ts';
import { writeFile } from './write-file.ts';

const world = trustWorld();
afterAll(world.remove);

describe('keygen', () => {
  const pass = () => world.given('pass.txt', 'correct horse\n');

  it('makes an encrypted pair that only the passphrase opens', async () => {
    const io = await world.whorl(['keygen', '--out', world.at('new'), '--passphrase-file', pass()]);
    expect(io.exitCode).toBe(0);
    expect(statSync(world.at('new.key')).mode & 0o777).toBe(0o600);
    const pem = readFileSync(world.at('new.key'), 'utf8');
    const key = openPrivateKey(pem, 'correct horse');
    expect(pem).toContain('ENCRYPTED SIGSTORE PRIVATE KEY');
    expect(parsePublicPem(readFileSync(world.at('new.pub'), 'utf8'))).toEqual(key.publicKey);
    expect(io.stdout).toEqual([`${world.at('new.pub')} ${key.publicKey.keyId}`]);
  });

  it('never replaces a key, and leaves nothing when one of the two is in the way', async () => {
    const before = readFileSync(world.key);
    const io = await world.whorl(['keygen', '--out', world.at('vendor'), '--no-passphrase']);
    expect([io.exitCode, io.stderr[0]]).toEqual([
      2,
      expect.stringMatching(/vendor.key exists already and keys are never/),
    ]);
    expect(readFileSync(world.key)).toEqual(before);
    await world.whorl(['keygen', '--out', world.at('stranger'), '--no-passphrase']);
    expect(existsSync(world.at('stranger.key'))).toBe(false);
  });

  it('leaves no half pair when the second file cannot be written', async () => {
    const failing: Io['writeFile'] = async (path, bytes, options) => {
      if (path.endsWith('.pub')) throw new Error('disk full');
      return writeFile(path, bytes, options);
    };
    const io = await world.whorl(['keygen', '--out', world.at('half'), '--no-passphrase'], {
      writeFile: failing,
    });
    expect(io.exitCode).toBe(70);
    expect(existsSync(world.at('half.key'))).toBe(false);
  });

  it('takes the passphrase from the environment or the terminal, asked twice', async () => {
    await world.whorl(['keygen', '--out', world.at('env')], { env: { WHORL_PASSPHRASE: 'from env' } });
    expect(openPrivateKey(readFileSync(world.at('env.key'), 'utf8'), 'from env').seed).toHaveLength(32);
    await world.whorl(['keygen', '--out', world.at('tty')], { askSecret: async () => 'typed' });
    expect(openPrivateKey(readFileSync(world.at('tty.key'), 'utf8'), 'typed').seed).toHaveLength(32);
  });

  const answers = (...list: string[]): Partial<Io> => ({ askSecret: async () => list.shift() });
  it.each<[string, string[], Partial<Io>, RegExp]>([
    ['without a terminal', [], {}, /no terminal to ask on; use --passphrase-file/],
    ['when the two differ', [], answers('a', 'b'), /the two passphrases differ/],
    ['when it is empty', [], answers(''), /passphrase is empty; choose --no-passphrase/],
    ['when the variable is empty', [], { env: { WHORL_PASSPHRASE: '' } }, /passphrase is empty/],
    [
      'with a passphrase that would go unused',
      ['--no-passphrase', '--passphrase-file', pass()],
      {},
      /--no-passphrase and a passphrase exclude each other/,
    ],
    ['with two sources', ['--passphrase-file', 'a', '--passphrase-fd', '3'], {}, /not both/],
    ['with a descriptor that is none', ['--passphrase-fd', 'x'], {}, /number of an open file descriptor/],
    ['with a closed descriptor', ['--passphrase-fd', '999'], {}, /no such file/],
    [
      'with a file of two lines',
      ['--passphrase-file', world.given('two.txt', 'a\nb\n')],
      {},
      /more than one line/,
    ],
    ['with an empty file', ['--passphrase-file', world.given('none.txt', '')], {}, /is empty/],
    ['with no file', ['--passphrase-file', world.at('nowhere')], {}, /no such file/],
  ])('says a sentence %s and writes nothing', async (_name, args, more, message) => {
    const io = await world.whorl(['keygen', '--out', world.at('refused'), ...args], more);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(world.at('refused.key')) || existsSync(world.at('refused.pub'))).toBe(false);
  });

  it('has no option that takes the passphrase itself', async () => {
    const io = await world.whorl(['keygen', '--out', world.at('argv'), '--passphrase', 'secret']);
    expect(io.exitCode).toBe(2);
    expect(existsSync(world.at('argv.key'))).toBe(false);
  });

  it('writes nothing in a dry run, and one object with --json', async () => {
    await world.whorl(['keygen', '--out', world.at('dry'), '--no-passphrase', '--dry-run']);
    expect(existsSync(world.at('dry.key'))).toBe(false);
    const io = await world.whorl(['keygen', '--out', world.at('json'), '--no-passphrase', '--json']);
    expect(JSON.parse(io.stdout.join())).toEqual({
      keyId: expect.stringMatching(/^[0-9a-f]{64}$/),
      key: world.at('json.key'),
      pub: world.at('json.pub'),
    });
  });
});
