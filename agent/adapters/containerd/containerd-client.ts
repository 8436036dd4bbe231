import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadProto } from '../../../proto/load.ts';
import { bytes, list, optional, record, records, text, texts } from './answer.ts';
import { ContainerdError, told, unlessUnknown } from './containerd-error.ts';

export interface Container {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  /** OCI runtime specification, JSON; empty when there is none. */
  readonly spec: Uint8Array;
  readonly snapshotter: string;
  readonly snapshotKey: string;
}

export interface Mount {
  readonly type: string;
  readonly options: readonly string[];
}

export interface Descriptor {
  readonly media_type: string;
  readonly digest: string;
}

/** The calls of containerd's API that Whorl makes. `undefined` = containerd says it has no such thing. */
export interface ContainerdClient {
  namespaces(): Promise<readonly string[]>;
  container(namespace: string, id: string): Promise<Container | undefined>;
  /** Containers that carry this label. */
  labelled(namespace: string, label: string, value: string): Promise<readonly Container[]>;
  /** How a snapshot is mounted: its image's layers stand among the options. */
  mounts(namespace: string, snapshotter: string, key: string): Promise<readonly Mount[] | undefined>;
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
        return toContainer(record(answer, 'container'));
      }),
    labelled: (namespace, label, value) =>
      told(async () => {
        const path = '/containerd.services.containers.v1.Containers/List';
        const filters = [`labels.${JSON.stringify(label)}==${JSON.stringify(value)}`];
        const answer = await unary(path, 'ByFilter', 'Containers', { filters }, namespace);
        return records(answer, 'containers').map(toContainer);
      }),
    mounts: (namespace, snapshotter, key) =>
      unlessUnknown(async () => {
        const path = '/containerd.services.snapshots.v1.Snapshots/Mounts';
        const answer = await unary(path, 'SnapshotKey', 'Mounts', { snapshotter, key }, namespace);
        return records(answer, 'mounts').map((m) => ({ type: text(m, 'type'), options: list(m, 'options') }));
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

function toContainer(container: object): Container {
  const spec = optional(container, 'spec');
  return {
    id: text(container, 'id'),
    image: text(container, 'image'),
    labels: texts(container, 'labels'),
    spec: spec === undefined ? new Uint8Array() : bytes(spec, 'value'),
    snapshotter: text(container, 'snapshotter'),
    snapshotKey: text(container, 'snapshot_key'),
  };
}

function inNamespace(namespace: string | undefined): Metadata {
  const metadata = new Metadata();
  if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
  return metadata;
}
