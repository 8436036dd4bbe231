import {
  Client,
  type ClientDuplexStream,
  logVerbosity,
  type ServiceError,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { printable } from '../../../fingerprint/printable.ts';
import {
  agentMessageToWire,
  type CollectorMessage,
  type Hello,
  maxBatchBytes,
  maxBatchRecords,
  maxCollectorMessageBytes,
  parseCollectorMessage,
  WireError,
  type WireRecord,
} from '../../../proto/convert.ts';
import { loadProto } from '../../../proto/load.ts';
import type { Downlink, Heartbeat, NodeCertificate } from '../../ports/uplink.ts';
import { channelOptions, credentialsFor, type UplinkOptions } from './endpoint.ts';
import { failureWords } from './failure-words.ts';

/** Sent and not acknowledged: enough to keep a collector busy over one slow commit, small enough to forget at a drop. */
const maxInFlightRecords = 1024;
const maxInFlightBytes = 4 * 1024 * 1024;
/**
 * Envelopes that are still looked at: a signature takes milliseconds, and a collector that sends faster than that waits.
 * Four of the largest; else one that was taken over could fill the memory of every node.
 */
const maxLookedAtBytes = 16 * 1024 * 1024;
/** From connecting to welcome. A collector that is that slow is better asked again later. */
const welcomeTimeoutMs = 15_000;

// The library prints what it also returns as an error; what is said to people is decided here.
setLogVerbosity(logVerbosity.NONE);

const method = loadProto('whorl.proto').method('whorl.v1.Collector', 'Connect');

type Duplex = ClientDuplexStream<object, object>;

export interface Ended {
  readonly welcomed: boolean;
  readonly detail: string;
  /** Of what the collector said when it refused. */
  readonly code?: string;
}

/** One attempt to reach the collector, and the stream that came of it. */
export class UplinkStream {
  /** Settles once, when nothing more will come; never rejects. */
  readonly ended: Promise<Ended>;
  readonly #client: Client;
  readonly #call: Duplex;
  readonly #downlink: Downlink;
  readonly #acked: number;
  readonly #welcomeTimer: NodeJS.Timeout;
  #settle: (end: Ended) => void = () => undefined;
  #welcomed = false;
  #refusal: { readonly detail: string; readonly code: string } | undefined;
  #batch: WireRecord[] = [];
  #batchBytes = 0;
  #flushing = false;
  #sent = 0;
  #inFlight: { readonly seq: number; readonly bytes: number }[] = [];
  #inFlightBytes = 0;
  #lookedAtBytes = 0;

  /**
   * @param shown absent on a loopback address that is spoken to without TLS
   * @throws UplinkError when what is to be shown cannot be used
   */
  static open(
    options: UplinkOptions,
    shown: NodeCertificate | undefined,
    acked: number,
    downlink: Downlink,
  ): UplinkStream {
    const client = new Client(options.address, credentialsFor(options, shown), {
      ...channelOptions(options.address),
      'grpc.max_receive_message_length': maxCollectorMessageBytes,
    });
    const { path, requestSerialize, responseDeserialize } = method;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const { epoch, ...rest } = options;
    const hello = { ...rest, acked, ...(epoch === undefined ? {} : { epoch }) };
    return new UplinkStream(client, call, downlink, hello);
  }

  private constructor(client: Client, call: Duplex, downlink: Downlink, hello: Hello) {
    this.#client = client;
    this.#call = call;
    this.#downlink = downlink;
    this.#acked = hello.acked;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#welcomeTimer = setTimeout(() => this.close('the collector does not answer'), welcomeTimeoutMs);
    call.on('data', (wire: object) => this.#receive(wire));
    call.on('end', () => this.close('the collector ended the stream'));
    call.on('error', (error: ServiceError) => this.close(failureWords(error.details || error.message)));
    call.write(agentMessageToWire({ kind: 'hello', hello }));
  }

  close(detail: string): void {
    clearTimeout(this.#welcomeTimer);
    this.#call.cancel();
    this.#client.close();
    this.#settle({ welcomed: this.#welcomed, ...(this.#refusal ?? { detail }) });
    // The promise settles once; a later error of the cancelled call must not reach the downlink.
    this.#welcomed = false;
  }

  hasRoom(): boolean {
    return (
      this.#welcomed && this.#inFlight.length < maxInFlightRecords && this.#inFlightBytes < maxInFlightBytes
    );
  }

  /** Under way on this stream, or known to be stored: the acknowledgement comes or has come. */
  hasSent(seq: number): boolean {
    return seq <= this.#sent;
  }

  add(record: WireRecord): void {
    if (this.#batchBytes + record.json.length > maxBatchBytes) this.#flush();
    this.#batch.push(record);
    this.#batchBytes += record.json.length;
    this.#sent = record.seq;
    this.#inFlight.push({ seq: record.seq, bytes: record.json.length });
    this.#inFlightBytes += record.json.length;
    if (this.#batch.length >= maxBatchRecords) this.#flush();
    else this.#flushSoon();
  }

  /** What is offered in one turn of the loop travels together; a lone incident waits for nothing else. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const records = this.#batch;
    if (records.length === 0 || !this.#welcomed) return;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#call.write(agentMessageToWire({ kind: 'batch', records }));
  }

  heartbeat(beat: Heartbeat): void {
    if (this.#welcomed) this.#call.write(agentMessageToWire({ kind: 'heartbeat', beat }));
  }

  #receive(wire: object): void {
    try {
      this.#dispatch(parseCollectorMessage(wire));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close(error.message);
    }
  }

  #dispatch(message: CollectorMessage): void {
    if (message.kind === 'refused') {
      this.#refusal = { detail: printable(message.sentence, 1024), code: message.code };
      return;
    }
    if (message.kind === 'welcome') {
      this.#begin(message);
      return;
    }
    if (!this.#welcomed) throw new WireError('bad-message', 'the collector did not begin with a welcome');
    switch (message.kind) {
      case 'ack':
        this.#acknowledge(message.seq);
        return;
      case 'fingerprint':
        this.#downlink.onFingerprint(message.envelope, this.#handed(message.envelope.length));
        return;
      case 'order':
        this.#downlink.onOrder(message.envelope, this.#handed(message.envelope.length));
        return;
      case 'lease':
        this.#downlink.onLease(message.envelope, this.#handed(message.envelope.length));
        return;
    }
  }

  /** Stops reading while too much is being looked at. @returns what is to be called once that is over */
  #handed(bytes: number): () => void {
    this.#lookedAtBytes += bytes;
    if (this.#lookedAtBytes > maxLookedAtBytes) this.#call.pause();
    return () => {
      this.#lookedAtBytes -= bytes;
      if (this.#lookedAtBytes <= maxLookedAtBytes) this.#call.resume();
    };
  }

  #begin({ stored, epoch }: { readonly stored: number; readonly epoch?: string }): void {
    clearTimeout(this.#welcomeTimer);
    this.#welcomed = true;
    this.#sent = stored;
    this.#downlink.onWelcome({ stored, acked: this.#acked, ...(epoch === undefined ? {} : { epoch }) });
    // Before `connected`, so that the agent does not offer again what is stored.
    this.#downlink.onAck(stored);
    this.#downlink.onState('connected', this.#client.getChannel().getTarget());
  }

  #acknowledge(seq: number): void {
    const left = this.#inFlight.findIndex((r) => r.seq > seq);
    const done = this.#inFlight.splice(0, left === -1 ? this.#inFlight.length : left);
    this.#inFlightBytes -= done.reduce((sum, r) => sum + r.bytes, 0);
    this.#downlink.onAck(seq);
  }
}
