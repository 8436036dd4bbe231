import type { ContainerRef } from '../../../../fingerprint/event.ts';
import { baseName } from '../../../../fingerprint/program.ts';
import { AddressBook, type PeerDirectory } from '../../address-book.ts';
import { isLoopback } from '../../peer-address.ts';
import { type FalcoRecord, numberOf, textOf } from './record.ts';

/** As many flows as Linux has ports, both ways. */
const maxFlows = 131_072;

/**
 * Which container lives at which address, from the two ends of its own connections. A recording of Falco has no answers
 * of DNS, but it has all containers of its node: what else would remember a peer by the address it happened to have.
 */
export class FalcoAddresses {
  readonly #addresses = new Map<string, Set<string>>();
  /** Client and server port of a datagram → the container that answered from there. */
  readonly #answered = new Map<string, string>();
  /** The same → where the client had sent to. */
  readonly #asked = new Map<string, string>();

  ahead(record: FalcoRecord, container: string, isServer: boolean): void {
    const type = textOf(record, 'type') ?? '';
    if ((numberOf(record, 'result') ?? 0) < 0 && textOf(record, 'resultName') !== 'EINPROGRESS') return;
    if (type.startsWith('accept')) this.#own(container, textOf(record, 'serverAddress'));
    else if (type.startsWith('send') && isServer) this.#flow(this.#answered, record, container);
    else if (type === 'connect' || type.startsWith('send')) {
      this.#own(container, textOf(record, 'clientAddress'));
      this.#flow(this.#asked, record, textOf(record, 'serverAddress'));
    }
  }

  /** A datagram server is bound to no address of its own: what its clients call it is where it lives. */
  settle(): void {
    for (const [flow, container] of this.#answered) this.#own(container, this.#asked.get(flow));
  }

  directory(
    refOf: (container: string) => ContainerRef,
    entryOf: (container: string) => string,
  ): PeerDirectory {
    const book = new AddressBook();
    for (const [id, addresses] of this.#addresses) {
      const ref = refOf(id);
      const workload = {
        cluster: 'recorded',
        namespace: ref.namespace ?? 'host',
        owner: ref.owner ?? 'pod',
        container: ref.name ?? 'main',
        role: 'main' as const,
        // Without any name it is called after what it runs.
        subject: { name: ref.image ?? baseName(entryOf(id)), digest: ref.digest ?? '' },
      };
      book.add(id, workload, ref.pod, [...addresses]);
    }
    return book;
  }

  #own(container: string, address: string | undefined): void {
    if (address === undefined || isLoopback(address)) return;
    const known = this.#addresses.get(container) ?? new Set();
    this.#addresses.set(container, known.add(address));
  }

  #flow(flows: Map<string, string>, record: FalcoRecord, value: string | undefined): void {
    const client = textOf(record, 'clientAddress');
    const port = numberOf(record, 'clientPort');
    if (client === undefined || port === undefined || value === undefined || flows.size >= maxFlows) return;
    if (textOf(record, 'transport') !== 'udp') return;
    flows.set(`${client} ${port} ${numberOf(record, 'serverPort') ?? 0}`, value);
  }
}
