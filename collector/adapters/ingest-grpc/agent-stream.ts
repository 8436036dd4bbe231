import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  type CollectorMessage,
  collectorMessageToWire,
  parseAgentMessage,
  type ReadAgentMessage,
  type RefusedCode,
  WireError,
  type WireRecord,
} from '../../../proto/convert.ts';
import type { AdmissionCode, IdentityRefusal } from '../../ports/identities.ts';
import type { AgentHandler, AgentHello, AgentLink } from '../../ports.ts';

export type Duplex = ServerDuplexStream<object, object>;

/** Who connects and says nothing holds a slot: ten seconds are more than any handshake needs. */
const helloTimeoutMs = 10_000;
/** Batches of one stream between arrival and commit: one in a commit, one gathering for the next. More would only wait. */
const maxUnderWay = 2;
/** All fingerprints of a large node are 10 MB; an agent that does not read is cut off before it costs more than this. */
const maxUnsentBytes = 64 * 1024 * 1024;

/** What agents are told of this collector when they come. */
export interface AboutCollector {
  readonly collectorId: string;
  /** Of its database: another one after a restore. */
  readonly epoch?: string;
}

export interface StreamOptions {
  readonly handler: AgentHandler;
  readonly about: AboutCollector;
  /** Asked once the agent has said who it is. @returns why it is not let in */
  readonly admit: (hello: AgentHello) => Promise<IdentityRefusal<AdmissionCode> | undefined>;
  /** Called once, when nothing more will come. */
  readonly gone: () => void;
}

/** One agent's stream: hello first, then records in order, each acknowledged after its commit. */
export class AgentStream {
  readonly #call: Duplex;
  readonly #handler: AgentHandler;
  readonly #options: StreamOptions;
  readonly #helloTimer: NodeJS.Timeout;
  #link: AgentLink | undefined;
  /** Set when the handler knows of the agent and must be told when it goes. */
  #announced = false;
  #underWay = 0;
  #unsentBytes = 0;
  #ended = false;

  constructor(call: Duplex, options: StreamOptions) {
    this.#call = call;
    this.#handler = options.handler;
    this.#options = options;
    this.#helloTimer = setTimeout(
      () => this.refuse('bad-message', 'no hello came within 10 s'),
      helloTimeoutMs,
    );
    call.on('data', (wire: object) => this.#receive(wire));
    call.on('end', () => this.#finish());
    call.on('cancelled', () => this.#finish());
    call.on('error', () => this.#finish());
  }

  /** Tells why, then ends the stream. */
  refuse(code: RefusedCode, sentence: string): void {
    this.#send({ kind: 'refused', code, sentence });
    this.#finish();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#helloTimer);
    this.#call.end();
    this.#options.gone();
    if (this.#link !== undefined && this.#announced) this.#handler.disconnected(this.#link);
  }

  #receive(wire: object): void {
    if (this.#ended) return;
    try {
      this.#dispatch(parseAgentMessage(wire));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.refuse(error.code, error.message);
    }
  }

  #dispatch(message: ReadAgentMessage): void {
    if (message.kind === 'hello') {
      if (this.#link !== undefined) throw new WireError('bad-message', 'a second hello came on one stream');
      void this.#open(message.hello);
      return;
    }
    const link = this.#link;
    if (link === undefined || !this.#announced) {
      throw new WireError(
        'bad-message',
        'the first message was no hello, or the next did not wait for welcome',
      );
    }
    if (message.kind === 'heartbeat') this.#handler.heartbeat(link, message.beat);
    else void this.#deliver(link, message.records);
  }

  async #open(hello: AgentHello): Promise<void> {
    clearTimeout(this.#helloTimer);
    const link: AgentLink = {
      hello,
      order: (envelope) => this.#send({ kind: 'order', envelope }),
      lease: (envelope) => this.#send({ kind: 'lease', envelope }),
      fingerprint: (envelope) => this.#send({ kind: 'fingerprint', envelope }),
      refuse: (code, sentence) => this.refuse(code, sentence),
    };
    this.#link = link;
    try {
      const refused = await this.#options.admit(hello);
      if (this.#ended) return;
      if (refused !== undefined) {
        this.refuse(refused.refused, refused.sentence);
        return;
      }
      const stored = await this.#handler.connected(link);
      if (this.#ended) {
        this.#handler.disconnected(link);
        return;
      }
      this.#announced = true;
      const { collectorId: collector, epoch } = this.#options.about;
      const { protocol } = hello;
      this.#send({
        kind: 'welcome',
        collector,
        stored,
        ...(epoch === undefined ? {} : { epoch }),
        ...(protocol === undefined ? {} : { protocol }),
      });
    } catch {
      this.refuse('store-unavailable', 'the collector cannot reach its database; it will be tried again');
    }
  }

  async #deliver(link: AgentLink, records: readonly WireRecord[]): Promise<void> {
    this.#underWay += 1;
    if (this.#underWay >= maxUnderWay) this.#call.pause();
    try {
      const seq = await this.#handler.deliver(link, records);
      this.#send({ kind: 'ack', seq });
    } catch {
      this.refuse(
        'store-unavailable',
        'the collector could not store what was sent; nothing was acknowledged',
      );
    } finally {
      this.#underWay -= 1;
      if (this.#underWay < maxUnderWay) this.#call.resume();
    }
  }

  #send(message: CollectorMessage): void {
    if (this.#ended) return;
    if (this.#unsentBytes > maxUnsentBytes) {
      this.#finish();
      return;
    }
    const size = 'envelope' in message ? message.envelope.length : 0;
    this.#unsentBytes += size;
    this.#call.write(collectorMessageToWire(message), () => {
      this.#unsentBytes -= size;
    });
  }
}
