import { Recent } from '../../recent.ts';

/** Sockets remembered: all that a busy node's processes have open and bind. */
const maxSockets = 16_384;

/**
 * Which descriptors are datagram sockets: `security_socket_bind` does not say, and a bound datagram socket waits for
 * whoever sends, while of a bound stream socket `listen` tells. What was inherited or passed on is not known.
 */
export class DatagramSockets {
  readonly #known = new Recent<string, boolean>(maxSockets);

  opened(pid: number, descriptor: number, isDatagram: boolean): void {
    this.#known.set(`${pid}:${descriptor}`, isDatagram);
  }

  isDatagram(pid: number, descriptor: number): boolean {
    return this.#known.get(`${pid}:${descriptor}`) === true;
  }
}
