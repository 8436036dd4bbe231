import type { ContainerRef } from '../../../fingerprint/event.ts';
import { parseCgroupPath } from '../cgroup-path.ts';
import type { FalcoField } from './falco-fields.ts';
import { type FalcoRecord, textOf } from './falco-record.ts';

/**
 * Which container an alert belongs to. The id is there from the first alert on, image and pod come once the runtime has
 * answered: what is ever told of a container holds for all of its alerts.
 */
export class FalcoContainers {
  readonly #refs = new Map<string, ContainerRef>();
  #anyNamed = false;

  /** Whether Falco told the image of any container. */
  get anyNamed(): boolean {
    return this.#anyNamed;
  }

  ahead(record: FalcoRecord): void {
    const id = idOf(record);
    if (id === undefined) return;
    this.#refs.set(id, { ...this.#refs.get(id), id, ...told(record) });
    this.#anyNamed ||= textOf(record, 'digest') !== undefined;
  }

  of(record: FalcoRecord): ContainerRef | undefined {
    const id = idOf(record);
    return id === undefined ? undefined : (this.#refs.get(id) ?? { id });
  }
}

function idOf(record: FalcoRecord): string | undefined {
  const told = textOf(record, 'containerFullId') ?? textOf(record, 'containerId');
  if (told !== undefined) return told === 'host' ? undefined : told;
  const path = textOf(record, 'cgroup') ?? /[:=](\/[^,\s]*)/.exec(textOf(record, 'cgroups') ?? '')?.[1];
  const owner = path === undefined ? undefined : parseCgroupPath(path);
  return owner?.kind === 'container' ? owner.containerId : undefined;
}

const members = {
  name: 'containerName',
  image: 'image',
  digest: 'digest',
  namespace: 'namespace',
  pod: 'pod',
} as const satisfies Partial<Record<keyof ContainerRef, FalcoField>>;

function told(record: FalcoRecord): Omit<ContainerRef, 'id'> {
  const entries = Object.entries(members).map(([member, field]) => [member, textOf(record, field)] as const);
  const known = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  const { digest } = known;
  // Anything else is no identity: it would be compared with digests and never be one.
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) delete known.digest;
  return known;
}
