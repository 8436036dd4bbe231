import type { TraceeRaw } from '../../hotpath/tracee-raw.ts';
import { dnsReaders } from './tracee-dns.ts';
import type { Beside, Facts, Read, ReadersOf } from './tracee-facts.ts';
import type { TraceeEventName } from './tracee-fields.ts';
import { fileReaders } from './tracee-files.ts';
import { lifeReaders } from './tracee-lives.ts';
import { networkReaders } from './tracee-network.ts';
import { privilegeReaders } from './tracee-privileges.ts';
import { TraceeValues } from './tracee-values.ts';

/** Events that tell which containers there are, not what a process does. */
export type ContainerEventName = 'container_create' | 'existing_container' | 'container_remove';

type ActName = Exclude<TraceeEventName, ContainerEventName>;
const readers: ReadersOf<ActName> = {
  ...fileReaders,
  ...lifeReaders,
  ...networkReaders,
  ...dnsReaders,
  ...privilegeReaders,
};

/** What happened by the message that the record is placed on. */
export function factsOf<N extends ActName>(raw: TraceeRaw, name: N, beside: Beside): Read {
  if (!raw.arguments.scan()) return 'unreadable';
  const values = new TraceeValues<N>(raw, name);
  const read = readers[name](values, beside);
  if (typeof read === 'string') return read;
  const error = errorOf(values.returned());
  return error === undefined ? read : withError(read, error);
}

function withError(facts: Facts, error: number): Facts {
  return { ...facts, error };
}

/** Of a system call that failed its errno. */
function errorOf(returned: number | undefined): number | undefined {
  return returned !== undefined && returned < 0 && returned >= -4095 ? -returned : undefined;
}
