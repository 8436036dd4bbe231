import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { loadProto } from '../../../proto/load.ts';

/** containerd does not answer, or answers something else than its API says. Asking again later may help. */
export class ContainerdError extends Error {
  readonly code: 'unavailable' | 'refused' | 'unexpected';
  constructor(code: ContainerdError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ContainerdError';
    this.code = code;
  }
}

export interface Container {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
}

export interface Descriptor {
  readonly media_type: string;
  readonly digest: string;
}

/** The calls of containerd's API that Whorl makes. `undefined` = containerd says it has no such thing. */
export interface ContainerdClient {
  namespaces(): Promise<readonly string[]>;
  container(namespace: string, id: string): Promise<Container | undefined>;
  imageTarget(namespace: string, name: string): Promise<Descriptor | undefined>;
  /** A blob of the content store, at most `maxBytes` of it. */
  content(namespace: string, digest: string, maxBytes: number): Promise<Buffer | undefined>;
  killTask(namespace: string, id: string): Promise<void>;
  close(): void;
}

const proto = loadProto('containerd.proto');

/** @param timeoutMs - of each call: containerd answers in some milliseconds, or is not well. */
export function containerdClient(socket: string, timeoutMs: number): ContainerdClient {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const unary = async (
    path: string,
    ask: string,
    answer: string,
    message: object,
    namespace?: string,
  ): Promise<object> => {
    const [request, response] = [
      proto.codec(`whorl.containerd.${ask}`),
      proto.codec(`whorl.containerd.${answer}`),
    ];
    return await new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      client.makeUnaryRequest(
        path,
        request.encode,
        response.decode,
        message,
        inNamespace(namespace),
        options,
        (error, value) => {
          if (error !== null) reject(error);
          else if (value === undefined)
            reject(new ContainerdError('unexpected', 'containerd answered nothing'));
          else resolve(value);
        },
      );
    });
  };
  const read = proto.codec('whorl.containerd.ReadContent');
  const part = proto.codec('whorl.containerd.ContentPart');

  return {
    namespaces: () =>
      told(async () => {
        const answer = await unary(
          '/containerd.services.namespaces.v1.Namespaces/List',
          'Empty',
          'Namespaces',
          {},
        );
        return records(answer, 'namespaces').map((n) => text(n, 'name'));
      }),
    container: (namespace, id) =>
      unlessUnknown(async () => {
        const path = '/containerd.services.containers.v1.Containers/Get';
        const answer = await unary(path, 'ById', 'ContainerAnswer', { id }, namespace);
        const container = record(answer, 'container');
        return {
          id: text(container, 'id'),
          image: text(container, 'image'),
          labels: texts(container, 'labels'),
        };
      }),
    imageTarget: (namespace, name) =>
      unlessUnknown(async () => {
        const answer = await unary(
          '/containerd.services.images.v1.Images/Get',
          'ByName',
          'ImageAnswer',
          { name },
          namespace,
        );
        const target = record(record(answer, 'image'), 'target');
        return { media_type: text(target, 'media_type'), digest: text(target, 'digest') };
      }),
    content: (namespace, digest, maxBytes) =>
      unlessUnknown(
        async () =>
          await new Promise<Buffer>((resolve, reject) => {
            const parts: Buffer[] = [];
            const stream = client.makeServerStreamRequest(
              '/containerd.services.content.v1.Content/Read',
              read.encode,
              part.decode,
              { digest, size: maxBytes },
              inNamespace(namespace),
              { deadline: Date.now() + timeoutMs },
            );
            stream.on('data', (message: object) => parts.push(bytes(message, 'data')));
            stream.on('end', () => resolve(Buffer.concat(parts)));
            stream.on('error', reject);
          }),
      ),
    killTask: (namespace, id) =>
      told(async () => {
        const message = { container_id: id, signal: 9, all: true };
        await unary('/containerd.services.tasks.v1.Tasks/Kill', 'KillTask', 'Empty', message, namespace);
      }),
    close: () => client.close(),
  };
}

function inNamespace(namespace: string | undefined): Metadata {
  const metadata = new Metadata();
  if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
  return metadata;
}

async function told<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toContainerdError(error);
  }
}

async function unlessUnknown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
    throw toContainerdError(error);
  }
}

function toContainerdError(error: unknown): ContainerdError {
  if (error instanceof ContainerdError) return error;
  if (!isServiceError(error))
    return new ContainerdError('unexpected', 'containerd answered in an unknown form', { cause: error });
  const name = status[error.code];
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new ContainerdError('unavailable', `containerd does not answer (${name}): is it running?`, {
        cause: error,
      });
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
    case status.UNIMPLEMENTED:
      return new ContainerdError(
        'refused',
        `containerd refuses to answer (${name}): the agent needs its socket`,
        { cause: error },
      );
    default:
      return new ContainerdError('unexpected', `containerd answers with an error (${name})`, {
        cause: error,
      });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** The decoder fills in defaults, so a missing member can only be a defect of the .proto above. */
function member(value: object, name: string): unknown {
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function record(value: object, name: string): object {
  const found = member(value, name);
  if (typeof found === 'object' && found !== null) return found;
  throw new ContainerdError('unexpected', `containerd's answer has no ${name}`);
}

function records(value: object, name: string): object[] {
  const found = member(value, name);
  return Array.isArray(found) ? found.filter((one) => typeof one === 'object' && one !== null) : [];
}

function text(value: object, name: string): string {
  const found = member(value, name);
  return typeof found === 'string' ? found : '';
}

function texts(value: object, name: string): Record<string, string> {
  const found = member(value, name);
  const entries = typeof found === 'object' && found !== null ? Object.entries(found) : [];
  return Object.fromEntries(entries.filter((e): e is [string, string] => typeof e[1] === 'string'));
}

function bytes(value: object, name: string): Buffer {
  const found = member(value, name);
  return found instanceof Uint8Array ? Buffer.from(found) : Buffer.alloc(0);
}
