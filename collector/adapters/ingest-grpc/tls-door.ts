import { once } from 'node:events';
import { createServer, type Server, type TLSSocket } from 'node:tls';

/** PEM; what the door shows and what it asks certificates of. */
export interface DoorCertificates {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Named to those who connect, so that they know which certificate to show. Believed is none by that. */
  readonly ca: string;
}

/** Who is at the other end of a connection. */
export interface Peer {
  /** For counting attempts and for the log. */
  readonly address: string;
  /** DER, as it was shown: whoever shows it has its key, and nothing more is known of it. */
  readonly certificate: Uint8Array | undefined;
}

/** Who connects and shakes no hand holds memory: ten seconds are more than any handshake needs. */
const handshakeMs = 10_000;
/** Streams twice over, for those that renew or come back while their old connection is half open. */
const maxConnections = 5000;

/**
 * TLS before gRPC. The door is ours and not the library's because a certificate that ran out yesterday may be renewed,
 * and the library hides whatever its own check did not accept. Each connection gets a name, under which the library
 * tells it as the peer of a call: addresses and ports can be the same for two behind one NAT.
 */
export class TlsDoor {
  readonly #server: Server;
  readonly #peers = new Map<string, Peer>();
  readonly #sockets = new Set<TLSSocket>();
  #count = 0;

  constructor(certificates: DoorCertificates, enter: (connection: TLSSocket) => void) {
    this.#server = createServer({
      ...contextOf(certificates),
      ALPNProtocols: ['h2'],
      requestCert: true,
      // Machines without a certificate come to get one.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on('secureConnection', (socket) => {
      this.#name(socket);
      enter(socket);
    });
  }

  /** From the next connection on; those that are open stay. */
  use(certificates: DoorCertificates): void {
    this.#server.setSecureContext(contextOf(certificates));
  }

  /** @param name what the library says is the peer of a call */
  peer(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  async listen(
    where: { readonly host: string; readonly port: number } | { readonly path: string },
  ): Promise<number> {
    this.#server.listen(where);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Lets nobody in any more; who is in may still be told why it ends. */
  close(): void {
    this.#server.close();
  }

  /** Ends what is left. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #name(socket: TLSSocket): void {
    const name = `connection-${++this.#count}`;
    const { raw } = socket.getPeerCertificate();
    this.#peers.set(name, { address: socket.remoteAddress ?? 'local', certificate: raw });
    this.#sockets.add(socket);
    Object.defineProperties(socket, { remoteAddress: { value: name }, remotePort: { value: undefined } });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#peers.delete(name);
      this.#sockets.delete(socket);
    });
  }
}

function contextOf({ certificate, key, ca }: DoorCertificates) {
  // Certificates of clients are encrypted from 1.3 on, and there is nobody to talk to who knows less.
  return { cert: certificate, key, ca, minVersion: 'TLSv1.3' as const };
}
