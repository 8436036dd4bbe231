import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A network between agents and their collector that can be made to fail. */
export class FlakyProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #random: () => number;
  #target: { readonly host: string; readonly port: number } | undefined;
  #isDown = false;

  static async listen(random: () => number): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(random);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(random: () => number) {
    this.#random = random;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
  }

  get address(): string {
    const bound = this.#server.address();
    if (bound === null || typeof bound === 'string') throw new Error('the proxy does not listen');
    return `127.0.0.1:${bound.port}`;
  }

  /** From the next connection on. */
  set target(address: string) {
    const [host = '', port] = address.split(':');
    this.#target = { host, port: Number(port) };
  }

  /** Nothing gets through, until `up`. */
  down(): void {
    this.#isDown = true;
    for (const pair of this.#pairs) drop(pair);
  }

  up(): void {
    this.#isDown = false;
  }

  /** Some connections end without a word. */
  cut(share: number): void {
    for (const pair of this.#some(share)) drop(pair);
  }

  /** On some, one side says that it is done and goes on listening. */
  halfClose(share: number): void {
    for (const { near, far } of this.#some(share)) (this.#random() < 0.5 ? near : far).end();
  }

  /** On some, nothing more moves towards the collector for a while, and what was sent still comes. */
  delay(share: number, ms: number): void {
    for (const { near, far } of this.#some(share)) {
      near.unpipe(far);
      setTimeout(() => near.pipe(far), ms).unref();
    }
  }

  async close(): Promise<void> {
    this.down();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #some(share: number): Pair[] {
    return [...this.#pairs].filter(() => this.#random() < share);
  }

  #join(near: Socket): void {
    if (this.#isDown || this.#target === undefined) {
      near.destroy();
      return;
    }
    const pair = { near, far: connect({ ...this.#target, allowHalfOpen: true }) };
    this.#pairs.add(pair);
    for (const socket of [pair.near, pair.far]) {
      socket.on('error', () => drop(pair));
      socket.on('close', () => {
        drop(pair);
        this.#pairs.delete(pair);
      });
    }
    near.pipe(pair.far);
    pair.far.pipe(near);
  }
}

function drop({ near, far }: Pair): void {
  near.destroy();
  far.destroy();
}
