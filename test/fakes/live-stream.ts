import { GrpcUplink } from '../../agent/adapters/uplink-grpc.ts';
import type { Downlink } from '../../agent/ports/uplink.ts';

type Options = ConstructorParameters<typeof GrpcUplink>[0];

/** A live stream of a node that tells nothing, and what becomes of it: `connected`, or why it is not. */
export class LiveStream implements Downlink {
  readonly states: string[] = [];
  readonly #ending = new AbortController();
  readonly #run: Promise<void>;
  #wake: (() => void)[] = [];

  constructor(about: Pick<Options, 'address' | 'identity' | 'cluster' | 'node'>) {
    const uplink = new GrpcUplink({
      agent: 'spool-1',
      session: '1'.repeat(32),
      version: 'test',
      source: 'fake',
      coverage: ['exec'],
      random: () => 0,
      ...about,
    });
    this.#run = uplink.run(this, this.#ending.signal);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#run;
  }

  onAck(): void {}
  onWelcome(): void {}
  onLease(): void {}
  onOrder(): void {}
  onFingerprint(): void {}
  onState(state: string, detail: string): void {
    this.states.push(state === 'connected' ? state : detail);
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until(isSo: (states: readonly string[]) => boolean): Promise<readonly string[]> {
    while (!isSo(this.states)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.states;
  }
}
