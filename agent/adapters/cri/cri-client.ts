import { Client, credentials } from '@grpc/grpc-js';
import { loadProto } from '../../../proto/load.ts';
import { isObject, isTexts, textsOf } from '../oci/json.ts';
import { CriError, unlessUnknown } from './cri-error.ts';

export interface CriContainer {
  /** As the pod spec calls it. */
  readonly name: string | undefined;
  /** As it was asked for, or an id of it. */
  readonly image: string;
  /** `repo@sha256:…` where the runtime knows one, else an id of the image. */
  readonly imageRef: string;
  readonly imageId: string;
  /** Those that kubelet gave; an image's own are not among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the runtime tells besides, by keys of its own: JSON. */
  readonly info: Readonly<Record<string, string>>;
}

export interface CriPod {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
}

export interface CriImage {
  readonly tags: readonly string[];
  readonly digests: readonly string[];
}

/** The calls of the CRI that Whorl makes. `undefined` = the runtime has no such thing. */
export interface CriClient {
  container(id: string): Promise<CriContainer | undefined>;
  /** The pod that a container is in. */
  podOf(id: string): Promise<CriPod | undefined>;
  /** By any name or id. */
  image(name: string): Promise<CriImage | undefined>;
  /** SIGKILL to all of it; nothing when there is none. */
  stop(id: string): Promise<void>;
  close(): void;
}

const proto = loadProto('cri/runtime.proto');

type Service = 'RuntimeService' | 'ImageService';

/** @param timeoutMs of each call: a runtime answers in some milliseconds, or is not well. */
export function criClient(socket: string, timeoutMs: number): CriClient {
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const ask = (service: Service, name: string, message: object): Promise<object | undefined> => {
    const { path, requestSerialize, responseDeserialize } = proto.method(`runtime.v1.${service}`, name);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        options,
        (error, value) => {
          try {
            resolve(error === null ? value : unlessUnknown(error));
          } catch (reason) {
            reject(reason);
          }
        },
      );
    });
  };
  return {
    container: async (id) => {
      const answer = await ask('RuntimeService', 'ContainerStatus', { container_id: id, verbose: true });
      return answer === undefined ? undefined : toContainer(answer);
    },
    podOf: async (id) => {
      const listed = await ask('RuntimeService', 'ListContainers', { filter: { id } });
      const [container] = records(listed, 'containers').filter((one) => one.id === id);
      if (container === undefined) return undefined;
      const request = { pod_sandbox_id: text(container, 'pod_sandbox_id') };
      const answer = await ask('RuntimeService', 'PodSandboxStatus', request);
      return answer === undefined ? undefined : toPod(answer);
    },
    image: async (name) => {
      const answer = await ask('ImageService', 'ImageStatus', { image: { image: name } });
      // The one call that says "none" by leaving it out.
      const image = isObject(answer) ? answer.image : undefined;
      return isObject(image)
        ? { tags: list(image, 'repo_tags'), digests: list(image, 'repo_digests') }
        : undefined;
    },
    stop: async (id) => {
      await ask('RuntimeService', 'StopContainer', { container_id: id, timeout: 0 });
    },
    close: () => client.close(),
  };
}

function toContainer(answer: object): CriContainer {
  const status = part(answer, 'status');
  const { metadata, image } = status;
  const name = isObject(metadata) ? text(metadata, 'name') : '';
  return {
    name: name === '' ? undefined : name,
    image: isObject(image) ? text(image, 'image') : '',
    imageRef: text(status, 'image_ref'),
    imageId: text(status, 'image_id'),
    labels: textsOf(status.labels),
    info: textsOf(isObject(answer) ? answer.info : undefined),
  };
}

function toPod(answer: object): CriPod {
  const metadata = part(part(answer, 'status'), 'metadata');
  return { name: text(metadata, 'name'), uid: text(metadata, 'uid'), namespace: text(metadata, 'namespace') };
}

function part(value: object, name: string): Record<string, unknown> {
  const found = isObject(value) ? value[name] : undefined;
  if (isObject(found)) return found;
  throw new CriError('unexpected', `the container runtime's answer has no ${name}`);
}

function records(value: unknown, name: string): Record<string, unknown>[] {
  const found = isObject(value) ? value[name] : undefined;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

function text(value: Record<string, unknown>, name: string): string {
  const found = value[name];
  return typeof found === 'string' ? found : '';
}

function list(value: Record<string, unknown>, name: string): readonly string[] {
  const found = value[name];
  return isTexts(found) ? found : [];
}
