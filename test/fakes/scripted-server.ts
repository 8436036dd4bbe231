import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { frameTypes } from '../../agent/adapters/grpc-stream/http2/frames.ts';

/** What a server writes to each who connects. */
export interface Script {
  /** At once. */
  readonly greeting: Uint8Array;
  /** When the first request has come, in these pieces, a turn of the loop between each. Then it closes. */
  readonly pieces: readonly Uint8Array[];
}

/** A server that says what a script says and understands nothing, on a unix socket. */
export class ScriptedServer {
  readonly path: string;
  script: Script = { greeting: new Uint8Array(), pieces: [] };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(path: string): Promise<ScriptedServer> {
    const server = new ScriptedServer(path);
    server.#server.listen(path);
    await once(server.#server, 'listening');
    return server;
  }

  #serve(socket: Socket): void {
    const { greeting, pieces } = this.script;
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.write(greeting);
    let heard = Buffer.alloc(0);
    let isAsked = false;
    socket.on('data', (bytes) => {
      if (isAsked) return;
      heard = Buffer.concat([heard, bytes]);
      isAsked = hasRequest(heard);
      if (isAsked) void this.#say(socket, pieces);
    });
  }

  async #say(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      if (socket.destroyed) return;
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Whether the header of a request is among what a client wrote after its preface. */
function hasRequest(bytes: Buffer): boolean {
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === frameTypes.headers) return true;
  return false;
}
