import type { Transport } from '../../../fingerprint/event.ts';
import { addressOf, textOf } from '../normalise/sensor-text.ts';

/** The tables of one network namespace, as /proc/<pid>/net shows them. */
export interface SocketTables {
  readonly tcp: string;
  readonly tcp6: string;
  readonly udp: string;
  readonly udp6: string;
  /** Names of sockets are any bytes: latin1. */
  readonly unix: string;
}

/** A socket that says of its owner what a call would have said: that it connects, or listens. */
export interface FoundSocket {
  readonly inode: number;
  readonly kind: 'connect' | 'listen';
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
}

/** Ports the kernel draws from (net.ipv4.ip_local_port_range). */
export interface DrawnPorts {
  readonly first: number;
  readonly last: number;
}

interface Row {
  readonly inode: number;
  readonly state: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** include/net/tcp_states.h. Of a connection that is being closed nothing new can be said. */
const tcp = { established: '01', synSent: '02', closeWait: '08', listening: '0A' };
/** udp has two states: with a peer, and without. */
const withPeer = '01';

/**
 * Connections that were opened from here, and listeners. A connection that was let in has the port of a listener, or at
 * least none that the kernel draws for those who connect: taking it for an egress would make every client a drift.
 */
export function foundSockets(tables: SocketTables, drawn: DrawnPorts): readonly FoundSocket[] {
  const streams = [...rowsOf(tables.tcp), ...rowsOf(tables.tcp6)];
  const heard = new Set(streams.filter((r) => r.state === tcp.listening).map((r) => r.local.port));
  const isDrawn = (port: number): boolean => port >= drawn.first && port <= drawn.last;
  return [
    ...streams.flatMap((row) => stream(row, !heard.has(row.local.port) && isDrawn(row.local.port))),
    ...[...rowsOf(tables.udp), ...rowsOf(tables.udp6)].flatMap((row) =>
      datagram(row, isDrawn(row.local.port)),
    ),
    ...unixListeners(tables.unix),
  ];
}

function stream(row: Row, isOwn: boolean): readonly FoundSocket[] {
  const { inode, state, local, remote } = row;
  if (state === tcp.listening) return [{ inode, kind: 'listen', transport: 'tcp', ...local }];
  const isOpen = state === tcp.established || state === tcp.closeWait;
  return state === tcp.synSent || (isOpen && isOwn)
    ? [{ inode, kind: 'connect', transport: 'tcp', ...remote }]
    : [];
}

/** A port the kernel drew at the first datagram says nothing; one that was chosen is a service's. */
function datagram({ inode, state, local, remote }: Row, isDrawnPort: boolean): readonly FoundSocket[] {
  if (state === withPeer) return [{ inode, kind: 'connect', transport: 'udp', ...remote }];
  if (local.port === 0 || isDrawnPort) return [];
  return [{ inode, kind: 'listen', transport: 'udp', ...local }];
}

function* rowsOf(table: string): Generator<Row> {
  for (const text of table.split('\n').slice(1)) {
    const [, local, remote, state = '', , , , , , inode = '0'] = text.trim().split(/\s+/);
    if (local === undefined || remote === undefined || !/^[1-9]\d*$/.test(inode)) continue;
    yield { inode: Number(inode), state, local: endpointOf(local), remote: endpointOf(remote) };
  }
}

/** The kernel prints addresses as hex of 32-bit words in host order, the port in network order. */
function endpointOf(text: string): Endpoint {
  const [words = '', port = '0'] = text.split(':');
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  );
  return { address: addressOf(Uint8Array.from(bytes)), port: Number.parseInt(port, 16) };
}

/** Num RefCount Protocol Flags Type St Inode Path, in fixed widths. */
const unixRow =
  /^[0-9a-f]{16}: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{4} [0-9A-F]{2} +(\d+)(?: (.+))?$/;
/** SO_ACCEPTCON of include/uapi/linux/net.h. */
const accepting = 0x10000;

/**
 * A name may hold a line break, and behind it a row that calls another process's socket a listener. Every socket has a
 * row of its own, so what stands in two is told by none.
 */
function unixListeners(table: string): readonly FoundSocket[] {
  const rows = table.split('\n').slice(1).flatMap(unixRowOf);
  const times = new Map<number, number>();
  for (const { inode } of rows) times.set(inode, (times.get(inode) ?? 0) + 1);
  return rows.flatMap(({ inode, flags, name }) =>
    (flags & accepting) !== 0 && name !== '' && times.get(inode) === 1
      ? [{ inode, kind: 'listen', transport: 'unix', address: name, port: 0 }]
      : [],
  );
}

function unixRowOf(text: string): readonly { inode: number; flags: number; name: string }[] {
  const [, flags, inode, name = ''] = unixRow.exec(text) ?? [];
  if (flags === undefined || inode === undefined) return [];
  return [
    { inode: Number(inode), flags: Number.parseInt(flags, 16), name: textOf(Buffer.from(name, 'latin1')) },
  ];
}
