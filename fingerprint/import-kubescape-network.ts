import type { BehaviourOf } from './behaviour.ts';
import type { LeftOutReason } from './import-draft.ts';
import type { KubescapeContainer, KubescapeNeighbour } from './import-kubescape-reader.ts';

type ActOf<K extends 'connect' | 'listen'> = Omit<BehaviourOf<K>, 'root' | 'lineage'>;

interface Taker {
  readonly add: (act: ActOf<'connect'> | ActOf<'listen'>) => void;
  readonly leaveOut: (what: string, why: LeftOutReason) => void;
}

/** Peers by name or address; whom labels or ranges select has no name here. */
export function addNetwork(container: KubescapeContainer, taker: Taker): void {
  for (const neighbour of container.egress) addEgress(neighbour, taker);
  for (const { ports } of container.ingress)
    for (const { protocol, port } of ports)
      if (isTransport(protocol)) taker.add({ kind: 'listen', transport: protocol, port });
  for (const { endpoint, direction, hosts } of container.endpoints) {
    const port = Number(/^[^/]*:(\d{1,5})(?:\/|$)/.exec(endpoint)?.[1] ?? Number.NaN);
    if (Number.isNaN(port)) taker.leaveOut(endpoint, 'incomplete');
    else if (direction === 'inbound') taker.add({ kind: 'listen', transport: 'tcp', port });
    else
      addEgress(
        { names: hosts.map(hostOf), addresses: [], ports: [{ protocol: 'tcp', port }], label: endpoint },
        taker,
      );
  }
}

function hostOf(header: string): string {
  return header.replace(/:\d+$/, '');
}

function addEgress(neighbour: KubescapeNeighbour, taker: Taker): void {
  const { names, addresses, ports, label } = neighbour;
  // With a name the address is the same peer, and at another address tomorrow.
  const peers = names.length > 0 ? names.map((name) => name.replace(/\.$/, '').toLowerCase()) : addresses;
  if (peers.length === 0) taker.leaveOut(label, 'peer-pattern');
  else if (ports.length === 0) taker.leaveOut(label, 'incomplete');
  for (const peer of peers) {
    if (/[*⋯/]/.test(peer)) taker.leaveOut(peer, peer === '*' ? 'accepts-anything' : 'peer-pattern');
    else addPorts(peer, ports, taker);
  }
}

function addPorts(peer: string, ports: KubescapeNeighbour['ports'], taker: Taker): void {
  for (const { protocol, port } of ports) {
    if (isTransport(protocol)) taker.add({ kind: 'connect', transport: protocol, peer, port });
    else taker.leaveOut(`${peer}:${port} by ${protocol}`, 'not-expressible');
  }
}

function isTransport(text: string): text is 'tcp' | 'udp' {
  return text === 'tcp' || text === 'udp';
}
