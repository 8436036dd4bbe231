import { FingerprintError } from '../fingerprint/errors.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credential } from './credentials.ts';
import { RegistryError } from './errors.ts';
import { isLoopback } from './reference.ts';
import type { Transport } from './transport.ts';

/** A token with many grants has a few kilobytes. */
const maxTokenBytes = 1 << 18;

/** Who is asked for a login, and for what. */
export interface LoginRequest {
  readonly registry: string;
  /** Of the registry itself: in the clear a secret goes nowhere but where the registry's own answers come from. */
  readonly origin: URL;
  /** `repository:NAME:pull,push` */
  readonly scope: string;
  readonly credential: Credential | undefined;
}

/**
 * The Authorization header that answers a `WWW-Authenticate`: Basic, or a token of the server the challenge names.
 * @throws REGISTRY_AUTH
 */
export async function loginFor(transport: Transport, header: string, asked: LoginRequest): Promise<string> {
  const challenges = parseChallenges(header);
  const bearer = challenges.find((c) => c.scheme === 'bearer');
  if (bearer !== undefined) return `Bearer ${await fetchToken(transport, bearer, asked)}`;
  const { credential, registry } = asked;
  if (!challenges.some((c) => c.scheme === 'basic'))
    throw new RegistryError('REGISTRY_AUTH', `${registry} asks for a login of a kind that is not known`);
  if (credential === undefined) throw noLogin(registry);
  if (credential.kind === 'identity')
    throw new RegistryError(
      'REGISTRY_AUTH',
      `${registry} asks for a password, and the login kept for it is a token`,
    );
  return basic(credential);
}

function basic({ username, password }: Credential & { kind: 'basic' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function fetchToken(transport: Transport, challenge: Challenge, asked: LoginRequest): Promise<string> {
  const realm = realmOf(challenge, asked);
  const service = challenge.parameters.service;
  const about = { ...(service === undefined ? {} : { service }), scope: asked.scope };
  const { credential } = asked;
  const answer =
    credential?.kind === 'identity'
      ? await transport.send({
          method: 'POST',
          url: realm,
          headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
          body: form({
            ...about,
            grant_type: 'refresh_token',
            client_id: 'whorl',
            refresh_token: credential.token,
          }),
          maxBytes: maxTokenBytes,
        })
      : await transport.send({
          method: 'GET',
          url: withQuery(realm, about),
          headers: { accept: 'application/json' },
          ...(credential === undefined ? {} : { authorization: basic(credential) }),
          maxBytes: maxTokenBytes,
        });
  if (answer.status === 200) return tokenIn(answer.body, asked.registry);
  if (credential === undefined) throw noLogin(asked.registry);
  if (answer.status >= 500 || answer.status === 429)
    throw new RegistryError(
      'REGISTRY_BUSY',
      `${realm.host}, which gives tokens for ${asked.registry}, answers ${answer.status}`,
    );
  throw refused(asked.registry);
}

/** The realm is named by whoever answered: it gets no secret over a weaker line than the registry itself. */
function realmOf({ parameters }: Challenge, { registry, origin }: LoginRequest): URL {
  const text = parameters.realm ?? '';
  if (!URL.canParse(text))
    throw new RegistryError('REGISTRY_AUTH', `${registry} names no place to get a token from`);
  const realm = new URL(text);
  const isHere = isLoopback(realm.hostname) && isLoopback(origin.hostname);
  const clear = realm.protocol === 'http:' && (origin.protocol === 'http:' || isHere);
  if (realm.protocol === 'https:' || clear) return realm;
  throw new RegistryError(
    'REGISTRY_AUTH',
    `${registry} wants the login sent over plain HTTP, which is not done`,
  );
}

function withQuery(realm: URL, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(realm);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

function form(members: Readonly<Record<string, string>>): Uint8Array {
  return new TextEncoder().encode(new URLSearchParams(members).toString());
}

function tokenIn(body: Uint8Array, registry: string): string {
  const value = tokenAnswer(body);
  const token = value?.token ?? value?.access_token;
  // What is no header value would be refused by the HTTP library in words that quote it.
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new RegistryError('REGISTRY_AUTH', `the token server of ${registry} answers without a token`);
}

function tokenAnswer(body: Uint8Array): { token?: unknown; access_token?: unknown } | undefined {
  try {
    const value = parseJson(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}

function noLogin(registry: string): RegistryError {
  return new RegistryError(
    'REGISTRY_AUTH',
    `${registry} asks for a login, and docker's configuration has none for it`,
    {
      hint: `run docker login ${registry}, or point DOCKER_CONFIG to a configuration that has one`,
    },
  );
}

/** @param repository given when the login itself was good */
export function refused(registry: string, repository?: string): RegistryError {
  const what =
    repository === undefined ? 'refuses the login kept for it' : `does not let this login at ${repository}`;
  return new RegistryError('REGISTRY_AUTH', `${registry} ${what}`, {
    hint: `run docker login ${registry} as somebody who may`,
  });
}
