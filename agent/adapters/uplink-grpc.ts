import type { Report } from '../../fingerprint/report.ts';
import type { Downlink, Heartbeat, NodeCertificate, Uplink } from '../ports/uplink.ts';
import { backoffMs, sleep } from './retry/backoff.ts';
import { credentialsFor, UplinkError, type UplinkOptions } from './uplink-grpc/endpoint.ts';
import { encodeReport } from './uplink-grpc/record.ts';
import { RenewalWatch } from './uplink-grpc/renewal-watch.ts';
import { type Ended, UplinkStream } from './uplink-grpc/stream.ts';

const stopping = 'the agent is stopping';

/**
 * One stream to the collector, kept up until the signal aborts. Each `connected` is preceded by `onAck` with what the
 * collector has: the agent goes on from there. What was offered and not acknowledged before a drop must be offered again.
 *
 * @throws UplinkError from the constructor when the address would send anything unencrypted off this machine
 */
export class GrpcUplink implements Uplink {
  readonly #options: UplinkOptions;
  #acked: number;
  #stream: UplinkStream | undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#acked = options.acked ?? 0;
    // Fails now rather than in a log line every 30 s: the configuration is wrong, not the network.
    if (options.insecureLoopback === true) credentialsFor(options, undefined);
  }

  async run(downlink: Downlink, signal: AbortSignal): Promise<void> {
    const remember: Downlink = {
      onWelcome: (welcome) => downlink.onWelcome(welcome),
      onAck: (seq) => {
        this.#acked = Math.max(this.#acked, seq);
        downlink.onAck(seq);
      },
      onFingerprint: (envelope, taken) => downlink.onFingerprint(envelope, taken),
      onOrder: (envelope, taken) => downlink.onOrder(envelope, taken),
      onLease: (envelope, taken) => downlink.onLease(envelope, taken),
      onState: (state, detail) => downlink.onState(state, detail),
    };
    for (let failures = 0; !signal.aborted; failures++) {
      const { welcomed, detail, renewed } = await this.#once(remember, signal);
      if (welcomed) failures = 0;
      downlink.onState('disconnected', detail);
      // It is only to be shown: nobody is spared by waiting.
      if (!renewed) await sleep(backoffMs(failures, this.#options.random()), signal);
    }
  }

  async #once(downlink: Downlink, signal: AbortSignal): Promise<Ended & { readonly renewed: boolean }> {
    const { identity } = this.#options;
    const shown = await identity?.current();
    if (typeof shown === 'string') return { welcomed: false, detail: shown, renewed: false };
    if (signal.aborted) return { welcomed: false, detail: stopping, renewed: false };
    const stream = this.#open(shown, downlink);
    if (typeof stream === 'string') return { welcomed: false, detail: stream, renewed: false };
    this.#stream = stream;
    const abort = () => stream.close(stopping);
    signal.addEventListener('abort', abort, { once: true });
    const watch = new RenewalWatch(identity, shown, () => stream.close('its certificate was renewed'));
    try {
      const ended = await stream.ended;
      if (ended.code !== undefined) identity?.refused(ended.code);
      return { ...ended, renewed: watch.renewed };
    } finally {
      watch.end();
      signal.removeEventListener('abort', abort);
      this.#stream = undefined;
    }
  }

  /** @returns a sentence instead when what is to be shown cannot be used: it may be mended while the agent runs */
  #open(shown: NodeCertificate | undefined, downlink: Downlink): UplinkStream | string {
    try {
      return UplinkStream.open(this.#options, shown, this.#acked, downlink);
    } catch (error) {
      if (error instanceof UplinkError) return error.message;
      throw error;
    }
  }

  offer(seq: number, report: Report): boolean {
    const stream = this.#stream;
    if (stream === undefined || !stream.hasRoom()) return false;
    if (stream.hasSent(seq)) return true;
    stream.add(encodeReport(seq, report));
    return true;
  }

  heartbeat(beat: Heartbeat): void {
    this.#stream?.heartbeat(beat);
  }
}
