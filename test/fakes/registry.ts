import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { RegistrySettings } from '../../registry/settings.ts';

export interface FakeRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Manifests and blobs by `repository target`. */
  readonly manifests: Map<string, { type: string; bytes: Uint8Array }>;
  readonly blobs: Map<string, Uint8Array>;
  /** Every request as `METHOD path`, and what its Authorization header was. */
  readonly seen: {
    readonly line: string;
    readonly authorization: string | undefined;
    readonly host: string;
  }[];
  close(): Promise<void>;
}

export interface FakeOptions {
  /** The distribution specification 1.1 with its referrers API. */
  readonly hasReferrers?: boolean;
  /** Answers requests in place of the registry; true when it did. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${sha256Hex(bytes)}`;
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** A registry in memory on loopback, strict about what clients must send. */
export async function fakeRegistry(options: FakeOptions = {}): Promise<FakeRegistry> {
  const manifests: FakeRegistry['manifests'] = new Map();
  const blobs: FakeRegistry['blobs'] = new Map();
  const seen: FakeRegistry['seen'] = [];
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization, host = '' } = request.headers;
      seen.push({ line: `${request.method} ${request.url}`, authorization, host });
      if (options.before?.(request, response) === true) return;
      const known = { manifests, blobs, hasReferrers: options.hasReferrers === true };
      const { status, headers = {}, bytes } = answer(known, request, Buffer.concat(chunks));
      response.writeHead(status, headers).end(bytes);
    });
  });
  const host = await listening(server);
  return { host, manifests, blobs, seen, close: () => closed(server) };
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return `127.0.0.1:${address.port}`;
}

export function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

type State = Pick<FakeRegistry, 'manifests' | 'blobs'> & { readonly hasReferrers: boolean };

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly bytes?: Uint8Array | undefined;
}

function end(status: number, headers: Record<string, string> = {}, bytes?: Uint8Array): Reply {
  return { status, headers, bytes };
}

function answer(state: State, request: IncomingMessage, body: Uint8Array): Reply {
  const url = new URL(request.url ?? '', 'http://registry');
  const match = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/(.+)$/.exec(url.pathname);
  const [, repository = '', what, target = ''] = match ?? [];
  if (what === 'referrers' && !state.hasReferrers) return end(404);
  if (what === 'referrers')
    return end(200, { 'content-type': ociIndex }, referrers(state, repository, target));
  if (what === 'manifests' && request.method === 'PUT')
    return putManifest(state, { repository, target }, { request, body });
  if (what === 'manifests') {
    if (!(request.headers.accept ?? '').includes(ociIndex)) return end(406);
    const found = state.manifests.get(`${repository} ${target}`);
    return found === undefined ? end(404) : end(200, { 'content-type': found.type }, found.bytes);
  }
  if (target === 'uploads/' && request.method === 'POST')
    return end(202, { location: `/v2/${repository}/blobs/uploads/one?state=x` });
  if (target === 'uploads/one') {
    const digest = url.searchParams.get('digest') ?? '';
    if (url.searchParams.get('state') !== 'x' || digest !== digestOf(body)) return end(400);
    state.blobs.set(digest, body);
    return end(201);
  }
  const blob = state.blobs.get(target);
  return blob === undefined ? end(404) : end(200, {}, request.method === 'HEAD' ? undefined : blob);
}

function putManifest(
  state: State,
  { repository, target }: { repository: string; target: string },
  { request, body }: { request: IncomingMessage; body: Uint8Array },
): Reply {
  const value = JSON.parse(new TextDecoder().decode(body));
  if (request.headers['content-type'] !== value.mediaType) return end(400);
  const needed = [value.config, ...(value.layers ?? [])].filter((d) => d !== undefined);
  if (needed.some((d: { digest: string }) => !state.blobs.has(d.digest))) return end(400);
  if (target.startsWith('sha256:') && target !== digestOf(body)) return end(400);
  for (const name of [target, digestOf(body)])
    state.manifests.set(`${repository} ${name}`, { type: value.mediaType, bytes: body });
  const linked = state.hasReferrers && value.subject !== undefined;
  return end(201, linked ? { 'oci-subject': value.subject.digest } : {});
}

function referrers(state: State, repository: string, subject: string): Uint8Array {
  const found = [...state.manifests].flatMap(([name, { bytes }]) => {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (!name.startsWith(`${repository} sha256:`) || value.subject?.digest !== subject) return [];
    const { mediaType, artifactType, annotations } = value;
    return [{ mediaType, artifactType, annotations, digest: digestOf(bytes), size: bytes.length }];
  });
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: found }));
}

/** Settings that wait for nothing and draw nothing. */
export function registrySettings(
  more: Partial<RegistrySettings> = {},
): RegistrySettings & { readonly said: string[] } {
  const said: string[] = [];
  let clock = 0;
  return {
    env: {},
    say: (text) => void said.push(text),
    wait: async (ms) => {
      clock += ms;
    },
    random: () => 0.5,
    now: () => clock,
    said,
    ...more,
  };
}
