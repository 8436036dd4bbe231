import { toAddress } from '../../../../fingerprint/address.ts';
import type { Transport } from '../../../../fingerprint/event.ts';
import type { Facts, Hook, HookArgument, Told } from './hook.ts';
import type { Message } from './messages.ts';

type Sock = Message<'KprobeSock'>;

const sock: HookArgument = { index: 0, type: 'sock', label: 'socket' };
const socketAndAddress: readonly HookArgument[] = [
  { index: 0, type: 'socket', label: 'socket' },
  { index: 1, type: 'sockaddr', label: 'address' },
];

function hook(
  call: string,
  what: Hook['what'],
  args: readonly HookArgument[],
  facts: (told: Told) => Facts | undefined,
): Hook {
  return { policy: 'whorl-network', call, by: 'kprobe', args, what, facts };
}

function isInternet(family: string | undefined): boolean {
  return family === 'AF_INET' || family === 'AF_INET6';
}

/** @returns undefined for the other side of nothing: no address of the internet */
function placeOf(family: string | undefined, address: string | undefined, port: number | undefined) {
  if (!isInternet(family) || address === undefined || address === '') return undefined;
  return { address: toAddress(address), port: port ?? 0 };
}

/** Datagrams, and what has no ports; streams tell of themselves elsewhere (`tcp_connect`). */
function transportOf({
  type,
  protocol,
}: Sock): { readonly transport: Transport; readonly via?: string } | undefined {
  if (protocol === 'IPPROTO_TCP' || type === 'SOCK_STREAM') return undefined;
  if (protocol === 'IPPROTO_ICMP' || protocol === 'IPPROTO_ICMPV6') return { transport: 'udp', via: 'icmp' };
  return type === 'SOCK_RAW' ? { transport: 'udp', via: 'raw' } : { transport: 'udp' };
}

function datagramConnect({ args }: Told): Facts | undefined {
  const [from, to] = [args[0]?.sock_arg, args[1]?.sockaddr_arg];
  const how = from === undefined ? undefined : transportOf(from);
  const place = placeOf(to?.family, to?.addr, to?.port);
  if (how === undefined || place === undefined) return undefined;
  return {
    kind: 'connect',
    transport: how.transport,
    ...place,
    ...(how.via === undefined ? {} : { via: how.via }),
  };
}

/** A bound datagram socket waits for whoever sends; without a port of its choice it only asks for one to send from. */
function datagramListen({ args }: Told): Facts | undefined {
  const [from, to] = [args[0]?.sock_arg, args[1]?.sockaddr_arg];
  const how = from === undefined ? undefined : transportOf(from);
  const place = placeOf(to?.family, to?.addr, to?.port);
  if (how === undefined || how.via !== undefined || place === undefined || place.port === 0) return undefined;
  return { kind: 'listen', transport: 'udp', ...place };
}

export const networkHooks: readonly Hook[] = [
  hook('tcp_connect', 'peer', [sock], ({ args }) => {
    const to = args[0]?.sock_arg;
    const place = placeOf(to?.family, to?.daddr, to?.dport);
    return place && { kind: 'connect', transport: 'tcp', ...place };
  }),
  hook('security_socket_connect', 'peer', socketAndAddress, datagramConnect),
  hook('security_socket_bind', 'other', socketAndAddress, datagramListen),
  hook('inet_csk_listen_start', 'other', [sock], ({ args }) => {
    const at = args[0]?.sock_arg;
    const place = placeOf(at?.family, at?.saddr, at?.sport);
    return place && { kind: 'listen', transport: 'tcp', ...place };
  }),
  {
    ...hook('inet_csk_accept', 'accept', [sock], ({ returned }) => {
      const from = returned?.sock_arg;
      const place = placeOf(from?.family, from?.daddr, from?.dport);
      return place && { kind: 'accept', transport: 'tcp', ...place };
    }),
    returns: 'sock',
  },
  {
    policy: 'whorl-unix',
    call: 'security_socket_connect',
    by: 'kprobe',
    args: [{ index: 1, type: 'sockaddr_un', label: 'address' }],
    what: 'other',
    facts: ({ args }) => {
      const to = args[0]?.sockaddrun_arg;
      if (to?.family !== 'AF_UNIX' || to.path === undefined || to.path === '') return undefined;
      return { kind: 'connect', transport: 'unix', address: to.path, port: 0 };
    },
  },
];
