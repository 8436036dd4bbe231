import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { addressOf, tlsOptionsOf } from './endpoint.ts';
import type { GrpcEndpoint } from './grpc.ts';
import { notGrpc, problem, refusal } from './refusal.ts';

/** From connecting to an encrypted line. Somebody who is that slow is asked again later. */
const patienceMs = 10_000;

/**
 * A line to the server, encrypted when the endpoint says so.
 *
 * @param onread takes what is read, in one buffer that is used again
 * @throws SourceError
 */
export async function dial(endpoint: GrpcEndpoint, onread?: OnReadOpts): Promise<Socket> {
  const tls = tlsOptionsOf(endpoint);
  const to = { ...addressOf(endpoint), ...(onread === undefined ? {} : { onread }) };
  const socket = tls === undefined ? connect(to) : connectTls({ ...to, ...tls } as ConnectionOptions);
  await settled(endpoint, socket, tls === undefined ? 'connect' : 'secureConnect');
  if (tls !== undefined && (socket as TLSSocket).alpnProtocol !== 'h2') {
    socket.destroy();
    throw notGrpc(endpoint, 'it speaks TLS and not HTTP/2');
  }
  // What was written goes out at once: answers to its pings must not wait for company.
  socket.setNoDelay(true);
  // A peer that vanished from the network without a word is found out by the kernel; on a unix socket this does nothing.
  socket.setKeepAlive(true, 30_000);
  return socket;
}

function settled(endpoint: GrpcEndpoint, socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => failed(problem(endpoint, 'unreachable', 'it does not answer; look whether it is overloaded')),
      patienceMs,
    );
    const onError = (cause: Error) => failed(refusal(endpoint, cause));
    const onClose = () => failed(problem(endpoint, 'unreachable', 'it closed the connection at once'));
    const failed = (error: Error) => {
      done();
      socket.destroy();
      reject(error);
    };
    const done = () => {
      clearTimeout(timer);
      socket.off('error', onError).off('close', onClose).off(event, ready);
    };
    const ready = () => {
      done();
      resolve();
    };
    socket.once(event, ready).once('error', onError).once('close', onClose);
  });
}
