import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  makeAuthority,
  makeServerCertificate,
  type Pair,
} from '../../../collector/adapters/keys/certificates.ts';
import { accessReview, forbidden, may, selfReview, tokenReview, type User } from './access.ts';
import { bodyOf, type Spec } from './bodies.ts';
import { discovery } from './discovery.ts';
import { listOf } from './lists.ts';
import { ObjectStore } from './object-store.ts';
import { type Selection, selectionOf } from './selection.ts';
import { failure, noSuchPath, notFound, type Status, unauthorized } from './status.ts';
import { Watches, whole } from './watches.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: string | undefined;
}

/** A Kubernetes API server of pods and namespaces, as far as README.md says, whose state a test sets. */
export class FakeKubeApi {
  readonly pods = new ObjectStore({ name: 'Pod', isNamespaced: true });
  readonly namespaces = new ObjectStore({ name: 'Namespace', isNamespaced: false });
  /** Of pods. */
  readonly watches = new Watches(this.pods);
  readonly namespaceWatches = new Watches(this.namespaces);
  /** Who holds which token. */
  readonly users = new Map<string, User>();
  readonly asked: Asked[] = [];
  /** Answers the next requests for pods instead, one each; undefined ones are answered as usual. */
  readonly failures: (Status | undefined)[] = [];
  /** Besides those of every answer. */
  headers: Readonly<Record<string, string>> = {};
  /** Makes what it answers other than it would be. */
  bend: (body: string, asked: Asked) => string = (body) => body;
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-kube-'));
  readonly caFile = join(this.dir, 'ca.crt');
  readonly tokenFile = join(this.dir, 'token');
  #server: Server | undefined;
  #port = 0;

  /** @param expired its certificate ran out; @param names for whom it is */
  async start({ expired = false, names = ['127.0.0.1', 'localhost'] } = {}): Promise<this> {
    const now = Date.now();
    const authority = await makeAuthority(now);
    const longAgo = 900 * 86_400_000;
    const pair = await makeServerCertificate(authority, names, expired ? now - longAgo : now);
    writeFileSync(this.caFile, authority.certificate);
    await this.#listen(pair);
    return this;
  }

  /** Also again, on the same port and with another certificate, as after an upgrade. */
  async #listen({ certificate, key }: Pair): Promise<void> {
    const server = createServer({ cert: certificate, key }, (request, answer) => {
      void this.#answer(request, answer).catch((error: unknown) => answer.destroy(error as Error));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    // Of an address and a port, since it listens on one.
    this.#port = (server.address() as AddressInfo).port;
  }

  get address(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  /** A token for this user, also written into the token file. */
  let(user: User, token = `token-${crypto.randomUUID()}`): string {
    this.users.set(token, user);
    writeFileSync(this.tokenFile, `${token}\n`);
    return token;
  }

  /** Away, with all connections; `start` brings it back. */
  async stop(): Promise<void> {
    this.watches.drop();
    this.namespaceWatches.drop();
    this.#server?.closeAllConnections();
    this.#server?.close();
    if (this.#server?.listening === true) await once(this.#server, 'close');
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.address);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const user = this.users.get(token);
    const asked: Asked = { method: request.method ?? '', path, query, user: user?.name };
    this.asked.push(asked);
    const { spec = {} } = await bodyOf(request);
    const found = user === undefined ? unauthorized : this.#found(asked, user, spec);
    const watches = path === namespacesPath ? this.namespaceWatches : this.watches;
    if (isSelection(found)) watches.start(query, found, answer);
    else this.#send(answer, found, asked);
  }

  /** What is answered; a selection: what is watched. */
  #found(asked: Asked, user: User, spec: Spec): object | Selection {
    const address = this.address.slice('https://'.length);
    return discovery(asked.path, address) ?? this.#review(asked, user, spec) ?? this.#resource(asked, user);
  }

  #review({ method, path }: Asked, user: User, spec: Spec): object | undefined {
    if (method !== 'POST') return undefined;
    switch (path) {
      case '/apis/authentication.k8s.io/v1/tokenreviews':
        if (!may(user, 'create', 'authentication.k8s.io', 'tokenreviews'))
          return forbidden(user, 'create', 'tokenreviews', undefined);
        return tokenReview(spec.token ?? '', this.users.get(spec.token ?? ''), spec.audiences);
      case '/apis/authentication.k8s.io/v1/selfsubjectreviews':
        return selfReview(user);
      case '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': {
        const { verb = '', group = '', resource = '' } = spec.resourceAttributes ?? {};
        return accessReview(spec, may(user, verb, group, resource));
      }
      default:
        return undefined;
    }
  }

  #resource({ method, path, query }: Asked, user: User): object | Selection {
    const [, namespace, resource, name] =
      /^\/api\/v1(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    if (resource === undefined || method !== 'GET') return noSuchPath;
    const isWatch = ['1', 'true'].includes(query.get('watch') ?? '');
    const verb = name !== undefined ? 'get' : isWatch ? 'watch' : 'list';
    if (!may(user, verb, '', resource)) return forbidden(user, verb, resource, namespace);
    const store = resource === 'pods' ? this.pods : resource === 'namespaces' ? this.namespaces : undefined;
    if (store === undefined) return noSuchPath;
    const instead = store === this.pods ? this.failures.shift() : undefined;
    if (instead !== undefined) return instead;
    if (name !== undefined) {
      const found = store.get(namespace, name);
      return found === undefined ? notFound(name, resource) : whole(store.kind.name, found);
    }
    const selection = selectionOf(query, namespace);
    return isWatch || !isSelection(selection) ? selection : listOf(store, query, selection);
  }

  #send(answer: ServerResponse, body: object, asked: Asked): void {
    const code =
      'code' in body && typeof body.code === 'number' ? body.code : asked.method === 'POST' ? 201 : 200;
    answer.writeHead(code, {
      'content-type': 'application/json',
      'cache-control': 'no-cache, private',
      ...this.headers,
    });
    answer.end(this.bend(`${JSON.stringify(body)}\n`, asked));
  }
}

const namespacesPath = '/api/v1/namespaces';

function isSelection(found: object): found is Selection {
  return typeof found === 'function';
}

/** What makes the next request for pods fail. */
export const failures = {
  tooBusy: failure(
    429,
    'TooManyRequests',
    'the server has received too many requests and has asked us to try again later',
  ),
  unavailable: failure(503, 'ServiceUnavailable', 'the server is currently unable to handle the request'),
};
