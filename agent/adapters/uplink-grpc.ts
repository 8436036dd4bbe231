import type { Report } from '../../fingerprint/report.ts';
import type { Downlink, Heartbeat, Uplink } from '../ports.ts';
import { backoffMs, sleep } from './retry/backoff.ts';
import { credentialsFor, type UplinkOptions } from './uplink-grpc/endpoint.ts';
import { encodeReport } from './uplink-grpc/record.ts';
import { UplinkStream } from './uplink-grpc/stream.ts';

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
    if (options.insecureLoopback === true) credentialsFor(options);
  }

  async run(downlink: Downlink, signal: AbortSignal): Promise<void> {
    const remember: Downlink = {
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
      const { welcomed, detail } = await this.#once(remember, signal);
      if (welcomed) failures = 0;
      downlink.onState('disconnected', detail);
      await sleep(backoffMs(failures, this.#options.random()), signal);
    }
  }

  async #once(downlink: Downlink, signal: AbortSignal): Promise<{ welcomed: boolean; detail: string }> {
    const stream = UplinkStream.open(this.#options, this.#acked, downlink);
    if (typeof stream === 'string') return { welcomed: false, detail: stream };
    this.#stream = stream;
    const abort = () => stream.close('the agent is stopping');
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await stream.ended;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#stream = undefined;
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
