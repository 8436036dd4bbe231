import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { credentialFor } from './credentials.ts';

const directory = mkdtempSync(join(tmpdir(), 'whorl-login-'));
afterAll(() => rmSync(directory, { recursive: true }));
let count = 0;
function withConfig(config: unknown): Record<string, string> {
  const place = join(directory, String(count++));
  mkdirSync(place);
  writeFileSync(join(place, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config));
  return { DOCKER_CONFIG: place, PATH: `${directory}:${process.env.PATH ?? ''}` };
}
function helper(name: string, script: string): void {
  const path = join(directory, `docker-credential-${name}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}
const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
const login = { kind: 'basic', username: 'me', password: 'pass:word' };

describe('credentialFor', () => {
  it.each<[string, object, string, object | undefined]>([
    ['user and password', { auths: { 'registry.example': auth('me:pass:word') } }, 'registry.example', login],
    [
      'a key with scheme and path',
      { auths: { 'https://registry.example/v2/': auth('me:pass:word') } },
      'registry.example',
      login,
    ],
    [
      'Docker Hub under its old name',
      { auths: { 'https://index.docker.io/v1/': auth('me:pass:word') } },
      'docker.io',
      login,
    ],
    [
      'a token',
      { auths: { 'registry.example': { ...auth('x:y'), identitytoken: 'abc' } } },
      'registry.example',
      { kind: 'identity', token: 'abc' },
    ],
    [
      'nobody for another port',
      { auths: { 'registry.example': auth('me:x') } },
      'registry.example:5000',
      undefined,
    ],
    [
      'nobody for a longer name',
      { auths: { 'registry.example': auth('me:x') } },
      'registry.example.evil',
      undefined,
    ],
    ['nobody for an empty entry', { auths: { 'registry.example': {} } }, 'registry.example', undefined],
    ['nobody without logins', {}, 'registry.example', undefined],
  ])('finds %s', async (_name, config, registry, expected) => {
    expect(await credentialFor(registry, withConfig(config))).toEqual(expected);
  });

  it('finds nobody without a file', async () => {
    expect(
      await credentialFor('registry.example', { DOCKER_CONFIG: join(directory, 'none') }),
    ).toBeUndefined();
  });

  it('asks the helper of the registry before the common store, with the registry on its stdin', async () => {
    helper('own', 'read r; echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"for $r\\"}"');
    helper('store', 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"t\\"}"');
    const env = withConfig({ credsStore: 'store', credHelpers: { 'registry.example': 'own' } });
    expect(await credentialFor('registry.example', env)).toEqual({
      ...login,
      password: 'for registry.example',
    });
    expect(await credentialFor('other.example', env)).toEqual({ kind: 'identity', token: 't' });
  });

  it('goes on to the file when the helper knows nobody', async () => {
    helper('empty', 'echo "credentials not found in native keychain"; exit 1');
    const env = withConfig({ credsStore: 'empty', auths: { 'registry.example': auth('me:pass:word') } });
    expect(await credentialFor('registry.example', env)).toEqual(login);
  });

  it.each<[string, unknown, RegExp]>([
    ['a file that is no JSON, without quoting it', '{"auths": {"a": "hunter2', /is not JSON$/],
    [
      'a helper that is not there',
      { credsStore: 'nowhere' },
      /docker-credential-nowhere, which is not installed/,
    ],
    ['a helper that is a path', { credsStore: '../../bin/sh' }, /helper that is no name/],
    [
      'a helper that fails, without what it prints',
      { credsStore: 'broken' },
      /docker-credential-broken could not give/,
    ],
    [
      'a helper that answers something else',
      { credsStore: 'odd' },
      /docker-credential-odd does not answer with JSON/,
    ],
    ['a login without a colon', { auths: { 'registry.example': auth('hunter2') } }, /is not user:password$/],
  ])('refuses %s', async (_name, config, message) => {
    helper('broken', 'echo "hunter2"; echo "hunter2" >&2; exit 2');
    helper('odd', 'echo hunter2');
    const refusal = credentialFor('registry.example', withConfig(config));
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(
      expect.objectContaining({
        code: 'REGISTRY_CREDENTIALS',
        message: expect.not.stringContaining('hunter2'),
      }),
    );
  });
});
