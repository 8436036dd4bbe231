import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trustPolicyDocument } from '../../fingerprint/trust-policy-writer.ts';
import { policy } from '../../test/fakes/trust.ts';
import { controlHttp } from './control-http.ts';
import { LockError, takeLock } from './lock-file.ts';
import { stateFile } from './state-file.ts';
import { readTrustFile } from './trust-file.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-agent-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('takeLock', () => {
  it('refuses a second holder, naming the pid of the first', () => {
    const free = takeLock(join(dir, 'lock'));
    expect(() => takeLock(join(dir, 'lock'))).toThrow(LockError);
    expect(() => takeLock(join(dir, 'lock'))).toThrow(String(process.pid));
    free();
    takeLock(join(dir, 'lock'))();
  });

  it.each([
    ['of a dead process', '4194303 12'],
    ['whose pid came back as another process', `${process.pid} 1`],
    ['with nonsense in it', 'x'],
    ['that is empty', ''],
  ])('replaces a lock %s', (_name, text) => {
    writeFileSync(join(dir, 'lock'), text);
    takeLock(join(dir, 'lock'));
    expect(readFileSync(join(dir, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d{2,}\n$`));
  });
});

describe('stateFile', () => {
  it('gives back what was saved, and nothing before', async () => {
    const state = {
      streams: { 'a/b': { version: 3, digest: 'sha256:x' } },
      accepted: { 'sha256:x': 5 },
      learned: { 'sha256:y': 6 },
      aliveAt: 17,
    };
    const store = stateFile(join(dir, 'state.json'));
    expect(await store.load()).toEqual({ streams: {}, accepted: {}, aliveAt: 0 });
    await Promise.all([store.save({ streams: {}, aliveAt: 1 }), store.save(state)]);
    expect(await stateFile(join(dir, 'state.json')).load()).toEqual(state);
  });

  it('reads the state of an agent that kept no times yet', async () => {
    writeFileSync(join(dir, 'state.json'), '{"aliveAt":1,"streams":{}}');
    expect(await stateFile(join(dir, 'state.json')).load()).toMatchObject({ accepted: {}, learned: {} });
  });

  it.each([
    '',
    '[]',
    '{"aliveAt":1}',
    '{"aliveAt":1,"streams":{"a":{"version":"2"}}}',
    '{"aliveAt":1,"streams":{},"accepted":{"sha256:x":"now"}}',
    '{"aliveAt":1,"streams":{},"learned":[]}',
  ])('refuses %j', async (text) => {
    writeFileSync(join(dir, 'state.json'), text);
    await expect(stateFile(join(dir, 'state.json')).load()).rejects.toMatchObject({ code: 'STATE_IO' });
  });
});

describe('readTrustFile', () => {
  const text = JSON.stringify(trustPolicyDocument(policy));
  const at = (name: string): string => join(dir, name);

  it('reads the policy, and knows that there is none', async () => {
    expect(await readTrustFile(at('trust.json'))).toBeUndefined();
    writeFileSync(at('trust.json'), text, { mode: 0o600 });
    expect(await readTrustFile(at('trust.json'))).toEqual(policy);
  });

  it('counts only what nobody else can write, nor put another one in place of', async () => {
    mkdirSync(at('d'));
    const path = at('d/trust.json');
    writeFileSync(path, text);
    for (const [directory, file, isSafe] of [
      [0o755, 0o644, true],
      [0o1777, 0o600, true],
      [0o777, 0o600, false],
      [0o775, 0o600, false],
      [0o700, 0o664, false],
      [0o700, 0o646, false],
    ] as const) {
      chmodSync(at('d'), directory);
      chmodSync(path, file);
      const read = readTrustFile(path);
      if (isSafe) expect(await read).toEqual(policy);
      else await expect(read).rejects.toMatchObject({ code: 'POLICY_UNSAFE' });
    }
  });

  it('looks at the directory the file really lies in', async () => {
    mkdirSync(at('open'));
    writeFileSync(at('open/trust.json'), text, { mode: 0o600 });
    chmodSync(at('open'), 0o777);
    symlinkSync(at('open/trust.json'), at('trust.json'));
    await expect(readTrustFile(at('trust.json'))).rejects.toMatchObject({ code: 'POLICY_UNSAFE' });
  });

  it('tells what is wrong in it by its code', async () => {
    writeFileSync(at('trust.json'), '{"version":1,"version":2}', { mode: 0o600 });
    await expect(readTrustFile(at('trust.json'))).rejects.toMatchObject({ code: 'POLICY_SYNTAX' });
    truncateSync(at('trust.json'), 2 ** 30);
    await expect(readTrustFile(at('trust.json'))).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('controlHttp', () => {
  async function ask(method: string, path: string, body = ''): Promise<{ status: number; body: unknown }> {
    const sent = request({ socketPath: join(dir, 's'), method, path }).end(body);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response) text += part;
    return { status: response.statusCode, body: JSON.parse(text) };
  }

  it('answers its own user on a socket nobody else may open', async () => {
    const asked: unknown[] = [];
    const control = controlHttp(join(dir, 's'));
    await control.serve({
      status: () => ({ node: 'n' }),
      resume: async (which) => {
        asked.push(which);
        return [];
      },
    });
    expect(statSync(join(dir, 's')).mode & 0o777).toBe(0o600);
    expect(await ask('GET', '/status')).toEqual({ status: 200, body: { node: 'n' } });
    expect(await ask('POST', '/resume', '{"all":true}')).toEqual({ status: 200, body: { resumed: [] } });
    expect((await ask('POST', '/resume', '{"incident":"ab"}')).status).toBe(200);
    expect(asked).toEqual(['all', { incident: 'ab' }]);
    expect((await ask('POST', '/resume', 'nonsense')).status).toBe(400);
    expect((await ask('POST', '/resume', `"${'x'.repeat(9_000)}"`)).status).toBe(400);
    expect((await ask('GET', '/other')).status).toBe(404);
    await control.close();
  });

  it('says what is wrong when the path is too long for a socket', async () => {
    const handler = { status: () => ({}), resume: async () => [] };
    await expect(controlHttp(`/${'x'.repeat(120)}`).serve(handler)).rejects.toThrow(
      'choose a shorter data directory',
    );
  });
});
