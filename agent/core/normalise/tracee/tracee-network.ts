import { toAddress } from '../../../../fingerprint/address.ts';
import type { Read, ReadersOf } from './tracee-facts.ts';
import type { SocketAddress, TraceeValues } from './tracee-values.ts';

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
/** Above the type stand SOCK_CLOEXEC and SOCK_NONBLOCK. */
const typeMask = 0xf;

type SocketType = 'stream' | 'datagram' | 'raw';

function typeOf(told: number | readonly string[] | undefined): SocketType {
  const isAny = (number: number, name: string): boolean =>
    typeof told === 'number' ? (told & typeMask) === number : told?.includes(name) === true;
  if (isAny(SOCK_DGRAM, 'SOCK_DGRAM')) return 'datagram';
  return isAny(SOCK_RAW, 'SOCK_RAW') ? 'raw' : 'stream';
}

function connect(v: TraceeValues<'security_socket_connect'>): Read {
  const peer = v.address('remote_addr');
  // AF_UNSPEC undoes a connection; other families leave no machine.
  if (peer === undefined) return 'nothing';
  const { family, address, port } = peer;
  if (family === 'unix') return { kind: 'connect', transport: 'unix', address, port: 0 };
  switch (typeOf(v.flags('type'))) {
    case 'stream':
      return { kind: 'connect', transport: 'tcp', address, port };
    case 'datagram':
      return { kind: 'connect', transport: 'udp', address, port };
    // Without a kind of its own, but it does leave the machine.
    case 'raw':
      return { kind: 'connect', transport: 'udp', address, port, via: 'raw' };
  }
}

function listen(address: SocketAddress | undefined, transport: 'tcp' | 'udp'): Read {
  if (address === undefined) return 'nothing';
  if (address.family === 'unix')
    return { kind: 'listen', transport: 'unix', address: address.address, port: 0 };
  return { kind: 'listen', transport, address: address.address, port: address.port };
}

export const networkReaders: ReadersOf<
  | 'security_socket_connect'
  | 'net_tcp_connect'
  | 'socket'
  | 'security_socket_bind'
  | 'security_socket_listen'
  | 'socket_accept'
> = {
  security_socket_connect: connect,
  net_tcp_connect: (v) => {
    // Its page calls it `dst_ip`, its code `dst`.
    const address = v.text('dst') ?? v.text('dst_ip');
    const port = v.number('dst_port');
    if (address === undefined || address === '' || port === undefined) return 'unreadable';
    return { kind: 'connect', transport: 'tcp', address: toAddress(address), port: port & 0xffff };
  },
  socket: (v, { process, sockets }) => {
    const descriptor = v.returned();
    if (descriptor !== undefined && descriptor >= 0)
      sockets.opened(process.pid, descriptor, typeOf(v.flags('type')) === 'datagram');
    return 'nothing';
  },
  security_socket_bind: (v, { process, sockets }) => {
    const address = v.address('local_addr');
    const descriptor = v.number('sockfd');
    if (address?.family !== 'internet' || descriptor === undefined) return 'nothing';
    return sockets.isDatagram(process.pid, descriptor) ? listen(address, 'udp') : 'nothing';
  },
  security_socket_listen: (v) => listen(v.address('local_addr'), 'tcp'),
  socket_accept: (v) => {
    const peer = v.address('remote_addr');
    if (peer?.family !== 'internet') return 'nothing';
    return { kind: 'accept', transport: 'tcp', address: peer.address, port: peer.port };
  },
};
