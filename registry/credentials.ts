import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FingerprintError } from '../fingerprint/errors.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { RegistryError } from './errors.ts';

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity'; readonly token: string };

type Env = Readonly<Record<string, string | undefined>>;

/** Under these names the login of Docker Hub is kept, depending on who wrote it. */
const hubNames = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
const hubKey = 'https://index.docker.io/v1/';
/** A helper may ask its owner to unlock a store, so it has a while. */
const helperMs = 60_000;
const maxConfigBytes = 1 << 20;
const maxHelperBytes = 64 << 10;

function dockerConfigPath(env: Env): string {
  const directory = env.DOCKER_CONFIG ?? '';
  return join(directory === '' ? join(env.HOME ?? '', '.docker') : directory, 'config.json');
}

/**
 * The login that docker, podman or a CI step left for this registry; undefined when there is none. Read anew for each
 * registry and kept nowhere. @throws REGISTRY_CREDENTIALS when the file or its helper is broken
 */
export async function credentialFor(registry: string, env: Env): Promise<Credential | undefined> {
  const config = await readConfig(dockerConfigPath(env));
  if (config === undefined) return undefined;
  const helper = helperFor(config, registry);
  if (helper !== undefined) {
    const found = await askHelper(helper, hubNames.includes(registry) ? hubKey : registry, env);
    if (found !== undefined) return found;
  }
  const auths = membersOf(config.auths);
  const key = Object.keys(auths).find((name) => sameRegistry(name, registry));
  return key === undefined ? undefined : credentialIn(membersOf(auths[key]));
}

async function readConfig(path: string): Promise<Record<string, unknown> | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw new RegistryError('REGISTRY_CREDENTIALS', `docker's configuration (${path}) cannot be read`, {
      cause: error,
    });
  });
  if (bytes === undefined) return undefined;
  try {
    return membersOf(parseJson(bytes, { bytes: maxConfigBytes }));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    // Without the parser's own sentence: it may quote what stands there, and passwords stand there.
    throw new RegistryError('REGISTRY_CREDENTIALS', `docker's configuration (${path}) is not JSON`);
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Exact hosts: a login for `registry.example` is none for `registry.example.evil`. */
function sameRegistry(key: string, registry: string): boolean {
  const host = (text: string): string => {
    const bare = text.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
    return hubNames.includes(bare) ? 'docker.io' : bare;
  };
  return host(key) === host(registry);
}

function helperFor(config: Record<string, unknown>, registry: string): string | undefined {
  const helpers = membersOf(config.credHelpers);
  const own = Object.keys(helpers).find((name) => sameRegistry(name, registry));
  const name = own === undefined ? config.credsStore : helpers[own];
  if (name === undefined || name === '') return undefined;
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new RegistryError(
    'REGISTRY_CREDENTIALS',
    'docker’s configuration names a credential helper that is no name',
  );
}

function credentialIn(entry: Record<string, unknown>): Credential | undefined {
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '')
    return { kind: 'identity', token: entry.identitytoken };
  if (typeof entry.username === 'string' && typeof entry.password === 'string')
    return { kind: 'basic', username: entry.username, password: entry.password };
  if (typeof entry.auth !== 'string' || entry.auth === '') return undefined;
  const text = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1)
    throw new RegistryError('REGISTRY_CREDENTIALS', 'a login in docker’s configuration is not user:password');
  return { kind: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** `docker-credential-NAME get`, the registry on stdin, JSON on stdout. Nothing it prints reaches a message. */
async function askHelper(name: string, registry: string, env: Env): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  const { failed, stdout } = await run(program, registry, env);
  if (failed === 'missing')
    throw new RegistryError(
      'REGISTRY_CREDENTIALS',
      `docker’s configuration asks ${program}, which is not installed`,
    );
  // By their protocol a helper says so on stdout and leaves with 1.
  if (failed !== undefined && /credentials not found/i.test(stdout)) return undefined;
  if (failed !== undefined)
    throw new RegistryError('REGISTRY_CREDENTIALS', `${program} could not give the login for ${registry}`);
  const { Username: username, Secret: secret } = parsedHelper(program, stdout);
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw new RegistryError('REGISTRY_CREDENTIALS', `${program} answers without a user name or secret`);
  if (username === '<token>') return { kind: 'identity', token: secret };
  return username === '' && secret === '' ? undefined : { kind: 'basic', username, password: secret };
}

function parsedHelper(program: string, text: string): Record<string, unknown> {
  try {
    return membersOf(JSON.parse(text));
  } catch {
    throw new RegistryError('REGISTRY_CREDENTIALS', `${program} does not answer with JSON`);
  }
}

function run(
  program: string,
  input: string,
  env: Env,
): Promise<{ failed?: 'missing' | 'code'; stdout: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...env }, timeout: helperMs, maxBuffer: maxHelperBytes };
    const child = execFile(program, ['get'], options, (error, stdout) => {
      if (error === null) resolve({ stdout });
      else resolve({ failed: error.code === 'ENOENT' ? 'missing' : 'code', stdout });
    });
    // A helper that ends without reading is told by its exit code, not by our broken pipe.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
