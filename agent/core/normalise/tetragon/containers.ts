import type { ContainerRef, Event } from '../../../../fingerprint/event.ts';
import { ContainerPlaces } from '../container-places.ts';
import type { NodeView } from '../node-view.ts';
import type { Process } from './messages.ts';

/** The root of the hierarchy stands for all that is in no container. */
const hostCgroup = 1;
/** Shorter ones could be anybody's. */
const leastDigits = 12;
/** Containers whose whole id is remembered, by its beginning: as many as places. */
const maxKnown = 8_192;

/** Where a process lives, as events say it. */
export interface Home {
  readonly cgroup?: number;
  readonly container?: ContainerRef;
}

/**
 * Which container a process is in. Tetragon writes the beginning of its id on every process, and the pod with the whole
 * id as soon as it knows that: up to 30 s later, or never.
 */
export class TetragonContainers {
  readonly #places: ContainerPlaces;
  /** First digits → whole id. */
  readonly #whole = new Map<string, string>();

  constructor(view: NodeView) {
    this.#places = new ContainerPlaces(view);
  }

  /** Of a recording: what a later record says of the container holds for the earlier ones. */
  ahead(process: Process | undefined): void {
    this.#learn(wholeIdOf(process));
  }

  /** @param told gets a `cgroup` event when the container is new */
  homeOf(process: Process, time: number, told: Event[]): Home {
    const whole = wholeIdOf(process);
    this.#learn(whole);
    const id = whole ?? this.#wholeOf(prefixOf(process));
    if (id === undefined) return isLost(process) ? {} : { cgroup: hostCgroup };
    const cgroup = this.#places.cgroupOf(id, process.pid ?? 0, time, told);
    return cgroup === undefined ? { container: refOf(id, process) } : { cgroup };
  }

  /** The control group that a name of Tetragon's stands for, when it is a container's. */
  cgroupNamed(name: string, time: number, told: Event[]): number | undefined {
    const id = /[0-9a-f]{64}/.exec(name)?.[0];
    return id === undefined ? undefined : this.#places.cgroupOf(id, 0, time, told);
  }

  #learn(id: string | undefined): void {
    if (id === undefined) return;
    if (this.#whole.size >= maxKnown) this.#whole.clear();
    this.#whole.set(id.slice(0, leastDigits), id);
  }

  #wholeOf(prefix: string | undefined): string | undefined {
    if (prefix === undefined) return undefined;
    const whole = this.#whole.get(prefix.slice(0, leastDigits));
    return whole?.startsWith(prefix) === true ? whole : prefix;
  }
}

/** `containerd://<64 hex>`, `docker://…`, `cri-o://…`. */
function wholeIdOf(process: Process | undefined): string | undefined {
  const id = process?.pod?.container?.id?.replace(/^[a-z0-9.-]+:\/\//, '');
  return id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id : undefined;
}

/** 31 hex digits as a rule, 24 or 15 of early releases. */
function prefixOf({ docker }: Process): string | undefined {
  return docker !== undefined && docker.length >= leastDigits && /^[0-9a-f]{1,64}$/.test(docker)
    ? docker
    : undefined;
}

/** Tetragon could not tell its control group: not a word of where it lives. */
function isLost({ flags, docker }: Process): boolean {
  return (docker !== undefined && docker !== '') || /\berror(?:Docker|Cgroup)/.test(flags ?? '');
}

function refOf(id: string, { pod }: Process): ContainerRef {
  const { container } = pod ?? {};
  // `repository@sha256:…`: without a digest it says nothing that could be compared.
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(container?.image?.id ?? '')?.[1];
  return {
    id,
    ...given('name', container?.name),
    ...given('image', container?.image?.name),
    ...given('digest', digest),
    ...given('namespace', pod?.namespace),
    ...given('pod', pod?.name),
    ...given('owner', ownerOf(pod)),
  };
}

function ownerOf(pod: Process['pod']): string | undefined {
  const { workload, workload_kind: kind } = pod ?? {};
  return workload === undefined || kind === undefined ? undefined : `${kind}/${workload}`;
}

function given<K extends string>(member: K, text: string | undefined): { readonly [P in K]?: string } {
  return text === undefined || text === '' ? {} : ({ [member]: text } as { readonly [P in K]: string });
}
