import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  closed,
  type FakeOptions,
  type FakeRegistry,
  fakeRegistry,
  listening,
  registrySettings,
} from '../test/fakes/registry.ts';
import { digestOf } from './artefact.ts';
import { ociManifest } from './media-types.ts';
import { Registries } from './registries.ts';
import type { Repository } from './repository.ts';
import type { RegistrySettings } from './settings.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function registry(options: FakeOptions = {}): Promise<FakeRegistry> {
  const fake = await fakeRegistry(options);
  closers.push(() => fake.close());
  return fake;
}

function repositoryAt(host: string, more: Partial<RegistrySettings> = {}): Repository & { said?: string[] } {
  const registries = new Registries(registrySettings(more));
  closers.push(() => registries.close());
  return registries.writer({ registry: host, repository: 'shop/cart' });
}

function login(
  registryHost: string,
  config: object = { auth: Buffer.from('me:hunter2').toString('base64') },
) {
  const directory = mkdtempSync(join(tmpdir(), 'whorl-repository-'));
  closers.push(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths: { [registryHost]: config } }));
  return { env: { DOCKER_CONFIG: directory } };
}

const bytes = new TextEncoder().encode('what is kept');
const refuses = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a repository', () => {
  it('takes blobs and manifests and gives them back by digest', async () => {
    const fake = await registry();
    const repository = repositoryAt(fake.host);
    const digest = await repository.pushBlob(bytes);
    expect(await repository.blob(digest, 100)).toEqual(Buffer.from(bytes));
    const before = fake.seen.length;
    await repository.pushBlob(bytes);
    expect(fake.seen.slice(before).map((r) => r.line)).toEqual([`HEAD /v2/shop/cart/blobs/${digest}`]);
    const manifest = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType: ociManifest }));
    await repository.pushManifest(manifest, ociManifest, { tag: 'a' });
    expect(await repository.manifest('a')).toMatchObject({
      digest: digestOf(manifest),
      mediaType: ociManifest,
    });
    expect(await repository.manifest('b')).toBeUndefined();
  });

  it('refuses bytes that are not those of the digest', async () => {
    const fake = await registry();
    const repository = repositoryAt(fake.host);
    const digest = await repository.pushBlob(bytes);
    fake.blobs.set(digest, new TextEncoder().encode('something else'));
    await expect(repository.blob(digest, 100)).rejects.toThrow(refuses('REGISTRY_DIGEST'));
    fake.manifests.set(`shop/cart ${digest}`, { type: ociManifest, bytes: new TextEncoder().encode('{}') });
    await expect(repository.manifest(digest)).rejects.toThrow(refuses('REGISTRY_DIGEST'));
  });

  it.each([
    ['by its announcement', { 'content-length': '1000000' }],
    ['while it comes', {}],
  ])('gives up an answer that is too large %s', async (_name, headers) => {
    const fake = await registry({
      before: (_request, response) => {
        response.writeHead(200, headers);
        response.write(Buffer.alloc(200));
        response.on('error', () => undefined);
        return true;
      },
    });
    const read = repositoryAt(fake.host).blob(`sha256:${'0'.repeat(64)}`, 100);
    await expect(read).rejects.toThrow(refuses('REGISTRY_TOO_LARGE', /more than the 100 bytes/));
  });

  it.each([500, 429, 503])('tries again after a %s, as patiently as it is asked to', async (status) => {
    let left = 2;
    const fake = await registry({
      before: (_request, response) => {
        if (left-- <= 0) return false;
        response.writeHead(status, { 'retry-after': '3' }).end();
        return true;
      },
    });
    const waits: number[] = [];
    const wait = async (ms: number): Promise<void> => void waits.push(ms);
    expect(await repositoryAt(fake.host, { wait }).manifest('none')).toBeUndefined();
    expect(waits).toEqual([3000, 3000]);
  });

  it('gives up in the end, and at once when the pause is longer than anybody waits', async () => {
    const answer = (retry: string): FakeOptions => ({
      before: (_request, response) => {
        response.writeHead(503, { 'retry-after': retry }).end();
        return true;
      },
    });
    const [soon, late] = [await registry(answer('1')), await registry(answer('3600'))];
    await expect(repositoryAt(soon.host).manifest('a')).rejects.toThrow(
      refuses('REGISTRY_BUSY', /503 again and again/),
    );
    await expect(repositoryAt(late.host).manifest('a')).rejects.toThrow(refuses('REGISTRY_BUSY'));
    expect([soon.seen.length, late.seen.length]).toEqual([4, 1]);
  });

  it('tells a registry that is not there at once', async () => {
    const fake = await registry();
    await fake.close();
    const waits: number[] = [];
    const wait = async (ms: number): Promise<void> => void waits.push(ms);
    await expect(repositoryAt(fake.host, { wait }).manifest('a')).rejects.toThrow(
      refuses('REGISTRY_UNREACHABLE', /ECONNREFUSED/),
    );
    expect(waits).toEqual([]);
  });
});

/** Answers 401 with this challenge until the header is there. */
function demanding(challenge: () => string, good: string): FakeOptions {
  return {
    before: (request, response) => {
      if (request.headers.authorization === good) return false;
      response.writeHead(401, { 'www-authenticate': challenge() }).end();
      return true;
    },
  };
}

describe('a login', () => {
  const basic = `Basic ${Buffer.from('me:hunter2').toString('base64')}`;

  it('is sent when it is asked for, and only then', async () => {
    const fake = await registry(demanding(() => 'Basic realm="x"', basic));
    const repository = repositoryAt(fake.host, login(fake.host));
    expect(await repository.manifest('a')).toBeUndefined();
    expect(fake.seen.map((r) => r.authorization)).toEqual([undefined, basic]);
  });

  it.each<[string, object | undefined, string]>([
    ['with user and password', undefined, 'GET'],
    ['with an identity token', { identitytoken: 'hunter2' }, 'POST'],
  ])('gets a token of the server that the challenge names, %s', async (_name, config, method) => {
    const asked: { method: string | undefined; url: URL; authorization: string | undefined }[] = [];
    const tokens = createServer((request, response) => {
      const { method: by, url = '', headers } = request;
      asked.push({ method: by, url: new URL(url, 'http://t'), authorization: headers.authorization });
      request.resume();
      response.end(JSON.stringify({ token: 'good.token' }));
    });
    const at = await listening(tokens);
    closers.push(() => closed(tokens));
    const challenge = `Bearer realm="http://${at}/token",service="the registry"`;
    const fake = await registry(demanding(() => challenge, 'Bearer good.token'));
    const repository = repositoryAt(fake.host, login(fake.host, config));
    expect(await repository.manifest('a')).toBeUndefined();
    expect(await repository.manifest('b')).toBeUndefined();
    expect(asked.map((a) => a.method)).toEqual([method]);
    expect(asked[0]?.authorization).toBe(method === 'GET' ? basic : undefined);
    if (method === 'GET')
      expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
        service: 'the registry',
        scope: 'repository:shop/cart:pull,push',
      });
  });

  it('gets an anonymous token where the image is public', async () => {
    const tokens = createServer((request, response) => {
      response.end(
        JSON.stringify(request.headers.authorization === undefined ? { access_token: 'anyone' } : {}),
      );
    });
    const at = await listening(tokens);
    closers.push(() => closed(tokens));
    const fake = await registry(demanding(() => `Bearer realm="http://${at}/"`, 'Bearer anyone'));
    expect(await repositoryAt(fake.host).manifest('a')).toBeUndefined();
  });

  it.each<[string, boolean, RegExp, RegExp]>([
    ['nobody logged in', false, /asks for a login, and docker's configuration has none/, /docker login 127/],
    ['it is not good enough', true, /does not let this login at/, /as somebody who may/],
  ])('says how to get one when %s', async (_name, hasLogin, message, hint) => {
    const fake = await registry(demanding(() => 'Basic realm="x"', 'Basic never'));
    const refusal = repositoryAt(fake.host, hasLogin ? login(fake.host) : {}).manifest('a');
    await expect(refusal).rejects.toThrow(refuses('REGISTRY_AUTH', message));
    await expect(refusal).rejects.toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
    await expect(refusal).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('is not sent over plain HTTP to where an encrypted registry would like it', async () => {
    const { loginFor } = await import('./login.ts');
    const { Transport } = await import('./transport.ts');
    const transport = new Transport(registrySettings());
    closers.push(() => transport.close());
    const credential = { kind: 'basic', username: 'me', password: 'hunter2' } as const;
    const asked = {
      registry: 'registry.example',
      origin: new URL('https://registry.example'),
      scope: 's',
      credential,
    };
    for (const realm of ['http://auth.example/t', 'http://127.0.0.1:2375/containers/x'])
      await expect(loginFor(transport, `Bearer realm="${realm}"`, asked)).rejects.toThrow(
        refuses('REGISTRY_AUTH', /over plain HTTP, which is not done/),
      );
  });

  it('stays with its registry when a blob is somewhere else', async () => {
    const storage = await registry();
    storage.blobs.set(digestOf(bytes), bytes);
    const fake = await registry({
      before: (request, response) => {
        if (request.headers.authorization !== basic) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
          return true;
        }
        response.writeHead(307, { location: `http://${storage.host}${request.url}` }).end();
        return true;
      },
    });
    const repository = repositoryAt(fake.host, login(fake.host));
    expect(await repository.blob(digestOf(bytes), 100)).toEqual(Buffer.from(bytes));
    expect(storage.seen.map((r) => r.authorization)).toEqual([undefined]);
    expect(fake.seen.map((r) => r.authorization)).toEqual([undefined, basic]);
  });

  it('is not given to where a redirect led, whatever that asks for', async () => {
    const evil = await registry(demanding(() => 'Basic realm="give it to me"', basic));
    const fake = await registry({
      before: (request, response) => {
        response.writeHead(302, { location: `http://${evil.host}${request.url}` }).end();
        return true;
      },
    });
    await expect(repositoryAt(fake.host, login(fake.host)).manifest('a')).rejects.toThrow(
      refuses('REGISTRY_AUTH'),
    );
    expect(evil.seen.map((r) => r.authorization)).toEqual([undefined]);
  });
});

describe('a registry', () => {
  it.each(['registry.example:99999', '999.999.999.999:5000'])('that cannot be one is told: %s', (host) => {
    expect(() => repositoryAt(host)).toThrow(refuses('REGISTRY_REFERENCE', /the name of no host/));
  });

  it('that drips through hundreds of answers is given up', async () => {
    const fake = await registry();
    // Each answer takes a minute and is whole.
    let clock = 0;
    const now = () => {
      clock += 60_000;
      return clock;
    };
    const repository = repositoryAt(fake.host, { now });
    const many = async () => {
      for (let i = 0; i < 256; i++) await repository.manifest('a');
    };
    await expect(many()).rejects.toThrow(refuses('REGISTRY_BUSY', /too slow to go on with/));
    expect(fake.seen.length).toBeLessThan(16);
  });
});

describe('a redirect', () => {
  it.each<[string, (host: string) => string, RegExp]>([
    ['in a circle', (host) => `http://${host}/v2/shop/cart/manifests/a`, /without end/],
    ['to an address that is none', () => 'http://[', /an address that is none/],
    ['to a file', () => 'file:///etc/passwd', /is not followed/],
  ])('%s is not followed', async (_name, target, message) => {
    const fake = await registry({
      before: (request, response) => {
        response.writeHead(302, { location: target(request.headers.host ?? '') }).end();
        return true;
      },
    });
    await expect(repositoryAt(fake.host).manifest('a')).rejects.toThrow(
      refuses('REGISTRY_REDIRECT', message),
    );
  });

  it('of a write is not followed', async () => {
    const fake = await registry({
      before: (request, response) => {
        if (request.method !== 'PUT') return false;
        response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end();
        return true;
      },
    });
    const push = repositoryAt(fake.host).pushManifest(bytes, ociManifest);
    await expect(push).rejects.toThrow(refuses('REGISTRY_REDIRECT', /sends a write to another place/));
  });
});

describe('a proxy', () => {
  it('is used as the environment says, and never for this machine', async () => {
    const fake = await registry();
    const lines: string[] = [];
    const proxy = createServer((incoming, response) => {
      const { method = '', url = '', headers } = incoming;
      lines.push(`${method} ${url}`);
      const { pathname } = new URL(url);
      const onward = request(`http://${fake.host}${pathname}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(onward);
    });
    const at = await listening(proxy);
    closers.push(() => closed(proxy));
    const env = { HTTP_PROXY: `http://${at}` };
    expect(await repositoryAt('registry.example', { env, plainHttp: true }).manifest('a')).toBeUndefined();
    expect(fake.seen.map((r) => r.host)).toEqual(['registry.example']);
    expect(lines).toEqual(['GET http://registry.example/v2/shop/cart/manifests/a']);
    expect(await repositoryAt(fake.host, { env }).manifest('a')).toBeUndefined();
    expect(lines).toHaveLength(1);
  });
});
