import { Client, credentials } from '@grpc/grpc-js';
import { loadProto } from '../../../proto/load.ts';

const proto = loadProto('../test/e2e/support/cri.proto');
/** Enum NamespaceMode: of the container, of the node. */
const [ofContainer, ofNode] = [1, 2];
const namespaces = { network: ofNode, pid: ofContainer, ipc: ofNode };

export interface PodName {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** Runs containers of pods as kubelet does: same calls, labels and cgroups; on this machine's own network. */
export class Kubelet {
  readonly #client: Client;
  #sandboxes: { readonly id: string; readonly config: object; readonly pod: PodName }[] = [];

  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  async pod(pod: PodName): Promise<string> {
    const config = {
      metadata: pod,
      labels: labelsOf(pod),
      linux: {
        cgroup_parent: cgroupOf(pod),
        security_context: { namespace_options: namespaces },
      },
    };
    const { pod_sandbox_id: id } = await this.#ask('RunPodSandbox', { config });
    this.#sandboxes.push({ id, config, pod });
    return id;
  }

  /** @returns its id, and its v2 cgroup's path */
  async start(
    sandbox: string,
    container: { readonly name: string; readonly image: string; readonly args?: readonly string[] },
  ): Promise<{ readonly id: string; readonly cgroupPath: string }> {
    const made = this.#sandboxes.find((one) => one.id === sandbox);
    if (made === undefined) throw new Error('no such sandbox');
    const { name, image, args = [] } = container;
    const config = {
      metadata: { name },
      image: { image },
      args,
      labels: { ...labelsOf(made.pod), 'io.kubernetes.container.name': name },
      linux: { security_context: { namespace_options: namespaces } },
    };
    const request = { pod_sandbox_id: sandbox, config, sandbox_config: made.config };
    const { container_id: id } = await this.#ask('CreateContainer', request);
    await this.#ask('StartContainer', { container_id: id });
    return { id, cgroupPath: `${cgroupOf(made.pod)}/${id}` };
  }

  /** As a probe or hook is started. @returns its exit code */
  async exec(container: string, cmd: readonly string[]): Promise<number> {
    const { exit_code: code } = await this.#ask('ExecSync', { container_id: container, cmd, timeout: 10 });
    return code;
  }

  /** With all its containers. */
  async remove(sandbox: string): Promise<void> {
    await this.#ask('StopPodSandbox', { pod_sandbox_id: sandbox });
    await this.#ask('RemovePodSandbox', { pod_sandbox_id: sandbox });
    this.#sandboxes = this.#sandboxes.filter(({ id }) => id !== sandbox);
  }

  async close(): Promise<void> {
    for (const { id } of this.#sandboxes) await this.remove(id);
    this.#client.close();
  }

  // biome-ignore lint/suspicious/noExplicitAny: what the .proto above says.
  #ask(name: string, message: object): Promise<any> {
    const { path, requestSerialize, responseDeserialize } = proto.method('runtime.v1.RuntimeService', name);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 30_000 };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        options,
        (error, value) => (error === null ? resolve(value) : reject(error)),
      );
    });
  }
}

function cgroupOf({ uid }: PodName): string {
  return `/kubepods/besteffort/pod${uid}`;
}

function labelsOf({ name, namespace, uid }: PodName): Readonly<Record<string, string>> {
  return {
    'io.kubernetes.pod.name': name,
    'io.kubernetes.pod.namespace': namespace,
    'io.kubernetes.pod.uid': uid,
  };
}
