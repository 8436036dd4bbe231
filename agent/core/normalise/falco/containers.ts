import type { ContainerRef } from '../../../../fingerprint/event.ts';
import type { PeerDirectory } from '../../address-book.ts';
import { parseCgroupPath } from '../../cgroup-path.ts';
import { FalcoAddresses } from './addresses.ts';
import { execFacts, isRuntimeAgain, isRuntimeExe } from './exec.ts';
import type { FalcoField } from './fields.ts';
import { RegularStarts } from './probes.ts';
import { type FalcoRecord, numberOf, textOf } from './record.ts';

/**
 * Which container an alert belongs to. The id is there from the first alert on, image and pod come once the runtime has
 * answered: what is ever told of a container holds for all of its alerts.
 */
export class FalcoContainers {
  readonly #refs = new Map<string, ContainerRef>();
  readonly #starts = new Map<string, RegularStarts>();
  /** Container and port of its datagram servers. */
  readonly #servers = new Set<string>();
  readonly #addresses = new FalcoAddresses();
  /** What each executed first, for those nobody names. */
  readonly #entries = new Map<string, string>();
  #anyNamed = false;

  /** Whether Falco told the image of any container. */
  get anyNamed(): boolean {
    return this.#anyNamed;
  }

  ahead(record: FalcoRecord): void {
    const id = containerIdOf(record);
    if (id === undefined) return;
    this.#refs.set(id, { ...this.#refs.get(id), id, ...told(record) });
    this.#anyNamed ||= textOf(record, 'digest') !== undefined;
    const type = textOf(record, 'type');
    if (type === 'bind') this.#servers.add(`${id} ${serverOf(record)}`);
    if (type === 'execve' || type === 'execveat') this.#started(id, record);
    this.#addresses.ahead(record, id, this.isAnswer(record));
  }

  /** When all was seen: what only the whole recording shows. */
  settle(): void {
    this.#addresses.settle();
    for (const [id, starts] of this.#starts) {
      const probes = starts.regular();
      if (probes.length > 0) this.#refs.set(id, { ...this.#refs.get(id), id, probes });
    }
  }

  /** Who lives where, as the recording shows it. */
  directory(): PeerDirectory {
    return this.#addresses.directory(
      (id) => this.#refs.get(id) ?? { id },
      (id) => this.#entries.get(id) ?? id,
    );
  }

  of(record: FalcoRecord): ContainerRef | undefined {
    const id = containerIdOf(record);
    return id === undefined ? undefined : (this.#refs.get(id) ?? { id });
  }

  /** Whether what is sent over this socket is an answer to whoever asked: no connection of the container's own. */
  isAnswer(record: FalcoRecord): boolean {
    return isSend(record) && this.#servers.has(`${containerIdOf(record) ?? ''} ${serverOf(record)}`);
  }

  #started(id: string, record: FalcoRecord): void {
    if ((numberOf(record, 'result') ?? 0) < 0 || !isRuntimeExe(textOf(record, 'parentExe'))) return;
    const facts = execFacts(record);
    if (facts === undefined || isRuntimeAgain(facts)) return;
    if (!this.#entries.has(id)) this.#entries.set(id, facts.exe);
    const starts = this.#starts.get(id) ?? new RegularStarts();
    this.#starts.set(id, starts);
    starts.add(facts.args, record.time);
  }
}

export function isSend(record: FalcoRecord): boolean {
  return textOf(record, 'type')?.startsWith('send') === true;
}

/** What a socket is bound to, as far as both ends of a datagram say it. */
export function serverOf(record: FalcoRecord): string {
  return `${textOf(record, 'transport') ?? ''} ${textOf(record, 'serverPort') ?? ''}`;
}

export function containerIdOf(record: FalcoRecord): string | undefined {
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
