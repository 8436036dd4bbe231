import type { ContainerRef } from '../../../../fingerprint/event.ts';
import type { TraceeRaw } from '../../hotpath/tracee-raw.ts';
import { Wire } from '../../hotpath/wire.ts';
import { textOf } from '../sensor-text.ts';
import type { TraceeValues } from './tracee-values.ts';

const containerField = { id: 1, name: 2, image: 3 } as const;
const imageField = { digests: 2, name: 3 } as const;
const k8sField = { pod: 1, namespace: 2 } as const;
const nameField = 1;

/** As many as places are remembered. */
const maxContainers = 8_192;

/**
 * What Tracee said of each container so far: until its runtime has answered, and of a process that came late, a message
 * may tell less than one before it did.
 */
export class ToldContainers {
  readonly #known = new Map<string, ContainerRef>();

  /** @returns all that is known of it now */
  told(now: ContainerRef): ContainerRef {
    const known = this.#known.get(now.id);
    if (known === undefined && this.#known.size >= maxContainers) this.#known.clear();
    const all = { ...known, ...now };
    this.#known.set(now.id, all);
    return all;
  }
}

/** What the event that tells of a new or an older container says of it. */
export function containerIn(values: TraceeValues<'container_create'>): ContainerRef | undefined {
  const id = values.text('container_id') ?? '';
  if (id === '') return undefined;
  return {
    id,
    ...named('name', values.text('container_name') ?? ''),
    ...named('image', values.text('container_image') ?? ''),
    ...named('digest', digestIn(values.text('container_image_digest') ?? '')),
    ...named('namespace', values.text('pod_namespace') ?? ''),
    ...named('pod', values.text('pod_name') ?? ''),
  };
}

/** `repo@sha256:…`, or the digest alone. */
function digestIn(text: string): string {
  return /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(text)?.[1] ?? '';
}

/** What the message itself says of the container; a part that is broken is left out. */
export function containerOf({ bytes, container, k8s }: TraceeRaw): ContainerRef {
  const own = partsOf(bytes, container.from, container.to);
  const image = own.get(containerField.image);
  const names = image === undefined ? undefined : partsOf(bytes, image.from, image.to);
  const around = partsOf(bytes, k8s.from, k8s.to);
  return {
    id: textIn(bytes, own.get(containerField.id)),
    ...named('name', textIn(bytes, own.get(containerField.name))),
    ...named('image', textIn(bytes, names?.get(imageField.name))),
    ...named('digest', digestIn(textIn(bytes, names?.get(imageField.digests)))),
    ...named('namespace', nameIn(bytes, around.get(k8sField.namespace))),
    ...named('pod', nameIn(bytes, around.get(k8sField.pod))),
  };
}

interface Part {
  readonly from: number;
  readonly to: number;
}

/** The parts of a message that are bytes, by field: of one that comes twice the last. */
function partsOf(bytes: Uint8Array, from: number, to: number): ReadonlyMap<number, Part> {
  const parts = new Map<number, Part>();
  const wire = new Wire().place(bytes, from, to);
  while (wire.next()) if (wire.type === 2) parts.set(wire.field, { from: wire.from, to: wire.to });
  return parts;
}

function textIn(bytes: Uint8Array, part: Part | undefined): string {
  return part === undefined ? '' : textOf(bytes.subarray(part.from, part.to));
}

function nameIn(bytes: Uint8Array, part: Part | undefined): string {
  return part === undefined ? '' : textIn(bytes, partsOf(bytes, part.from, part.to).get(nameField));
}

function named<K extends keyof ContainerRef>(key: K, value: string): { readonly [P in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [P in K]: string });
}
