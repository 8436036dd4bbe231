import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { loadProto } from '../../proto/load.ts';

export interface FakeContainer {
  readonly sandbox: string;
  /** `status` of ContainerStatus, with the names of the .proto. */
  readonly status: object;
  readonly info?: Readonly<Record<string, string>>;
}

type Answer = object | { readonly error: number };

/** A runtime that speaks the CRI as CRI-O does, of what a test puts into it. */
export class FakeCriO {
  readonly containers = new Map<string, FakeContainer>();
  /** `metadata` of their sandboxes. */
  readonly pods = new Map<string, object>();
  /** By each of its names. */
  readonly images = new Map<string, object>();
  readonly stopped: string[] = [];
  /** Makes each call fail with this. */
  failure: number | undefined;
  /** Does not answer at all. */
  isSilent = false;
  readonly socket: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'whorl-crio-'));
  readonly #server = new Server();

  constructor() {
    this.socket = join(this.#dir, 'c.sock');
  }

  async start(): Promise<void> {
    const proto = loadProto('cri/runtime.proto');
    this.#server.addService(proto.service('runtime.v1.RuntimeService'), {
      ListContainers: this.#answers(({ filter }) => ({
        containers: [...this.containers]
          .filter(([id]) => id === filter?.id)
          // Here the image is its configuration's id, in every runtime.
          .map(([id, { sandbox }]) => ({ id, pod_sandbox_id: sandbox })),
      })),
      ContainerStatus: this.#answers(({ container_id: id, verbose }) => {
        const container = this.containers.get(id);
        if (container === undefined) return { error: status.NOT_FOUND };
        return { status: { id, ...container.status }, info: verbose ? (container.info ?? {}) : {} };
      }),
      PodSandboxStatus: this.#answers(({ pod_sandbox_id: id }) => {
        const metadata = this.pods.get(id);
        return metadata === undefined ? { error: status.NOT_FOUND } : { status: { id, metadata } };
      }),
      StopContainer: this.#answers(({ container_id: id }) => {
        if (!this.containers.has(id)) return { error: status.NOT_FOUND };
        this.stopped.push(id);
        return {};
      }),
    });
    this.#server.addService(proto.service('runtime.v1.ImageService'), {
      ImageStatus: this.#answers(({ image }) => {
        const found = this.images.get(image?.image);
        return found === undefined ? {} : { image: found };
      }),
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${this.socket}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  close(): void {
    this.#server.forceShutdown();
    rmSync(this.#dir, { recursive: true });
  }

  // biome-ignore lint/suspicious/noExplicitAny: messages are what the .proto says.
  #answers(answer: (request: any) => Answer): handleUnaryCall<any, any> {
    return ({ request }, callback) => {
      if (this.isSilent) return;
      const found = this.failure === undefined ? answer(request) : { error: this.failure };
      if ('error' in found) callback({ code: found.error, details: 'no' });
      else callback(null, found);
    };
  }
}
