/** Sockets remembered: all that a busy node's processes have open and bind. */
const maxSockets = 16_384;

/**
 * Which descriptors are datagram sockets: `security_socket_bind` does not say, and a bound datagram socket waits for
 * whoever sends, while of a bound stream socket `listen` tells. What was inherited or passed on is not known.
 */
export class DatagramSockets {
  readonly #known = new Map<string, boolean>();

  opened(pid: number, descriptor: number, isDatagram: boolean): void {
    const key = `${pid}:${descriptor}`;
    this.#known.delete(key);
    if (this.#known.size >= maxSockets) {
      const oldest = this.#known.keys().next();
      if (oldest.done !== true) this.#known.delete(oldest.value);
    }
    this.#known.set(key, isDatagram);
  }

  isDatagram(pid: number, descriptor: number): boolean {
    return this.#known.get(`${pid}:${descriptor}`) === true;
  }
}
