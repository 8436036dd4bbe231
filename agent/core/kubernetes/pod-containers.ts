import type { Role } from '../../../fingerprint/workload.ts';
import { expanded } from './expand.ts';
import { type Fields, fieldsOf, listOf, textOf, textsOf } from './fields.ts';

/** One container of a pod, as the API describes it. */
export interface PodContainer {
  readonly name: string;
  readonly role: Role;
  /** As the spec calls it. */
  readonly image: string | undefined;
  /** Argument vectors that kubelet may start in it: probes and hooks. */
  readonly probes: readonly (readonly string[])[];
  /** What kubelet last told of it; it comes a second or two after the start. */
  readonly running: { readonly id: string; readonly digest: string | undefined } | undefined;
}

/** A pod of a service mesh has some ten; what is more is another's problem to run. */
const maxContainers = 64;
/** Of all probes of a pod together, in characters: pods are many, and whoever may make one writes them. */
const maxProbeText = 16_384;

/** Whoever makes a pod writes them, and only some are checked: what is longer is the name of nothing that runs. */
const maxName = 253;
const maxImage = 1_024;

const digestForm = /(?:^|@)(sha256:[0-9a-f]{64})$/;

/** The containers of a pod by name. The API lets no two have the same one, whatever their role. */
export function podContainers(spec: Fields, status: Fields): ReadonlyMap<string, PodContainer> {
  const found = new Map<string, PodContainer>();
  const running = runningOf(status);
  let room = maxProbeText;
  const take = (container: Fields, role: Role): void => {
    const name = upTo(maxName, container.name);
    if (name === undefined || found.has(name) || found.size >= maxContainers) return;
    const all = probesOf(container);
    const size = all.flat().reduce((sum, text) => sum + text.length + 1, 0);
    // Not understood is told as somebody who enters, which is loud.
    const probes = size > room ? [] : all;
    room -= size > room ? 0 : size;
    const image = upTo(maxImage, container.image);
    found.set(name, { name, role, image, probes, running: running.get(name) });
  };
  for (const container of listOf(spec.containers)) take(container, 'main');
  for (const container of listOf(spec.initContainers)) take(container, roleOfInit(container));
  for (const container of listOf(spec.ephemeralContainers)) take(container, 'ephemeral');
  return found;
}

function upTo(most: number, value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && text.length <= most ? text : undefined;
}

/** One that is to run on is a sidecar: it lives beside the main ones, whatever list it stands in. */
function roleOfInit({ restartPolicy }: Fields): Role {
  return restartPolicy === 'Always' ? 'main' : 'init';
}

/**
 * Only what is executed has arguments; requests to a port never enter a container. Of commands without measure there are
 * none.
 */
function probesOf(container: Fields): readonly (readonly string[])[] {
  const command = (action: unknown): readonly string[] =>
    textsOf(fieldsOf(fieldsOf(action).exec).command) ?? [];
  const lifecycle = fieldsOf(container.lifecycle);
  const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
  const hooks = [lifecycle.postStart, lifecycle.preStop];
  const started = probes.map((probe) => expanded(command(probe), container.env, maxProbeText) ?? []);
  return [...started, ...hooks.map(command)].filter((args) => args.length > 0);
}

function runningOf(status: Fields): ReadonlyMap<string, NonNullable<PodContainer['running']>> {
  const found = new Map<string, NonNullable<PodContainer['running']>>();
  const lists = [status.containerStatuses, status.initContainerStatuses, status.ephemeralContainerStatuses];
  for (const one of lists.flatMap(listOf)) {
    const name = upTo(maxName, one.name);
    // `containerd://<id>`, `cri-o://<id>`, `docker://<id>`.
    const id = upTo(maxName, one.containerID)?.replace(/^[a-z0-9+.-]+:\/\//, '');
    if (name === undefined || id === undefined) continue;
    found.set(name, { id, digest: digestOf(textOf(one.imageID)) });
  }
  return found;
}

/** `repo@sha256:…`, `docker-pullable://repo@sha256:…`. A bare `sha256:…` is the id of its configuration, not of its manifest. */
function digestOf(imageId: string | undefined): string | undefined {
  return imageId?.includes('@') === true ? digestForm.exec(imageId)?.[1] : undefined;
}
