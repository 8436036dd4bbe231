import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GrpcIngest } from '../../../collector/adapters/ingest-grpc.ts';
import { makeAuthority, makeServerCertificate } from '../../../collector/adapters/keys/certificates.ts';
import type { AgentBeat, AgentHandler, AgentHello, AgentLink, RawRecord } from '../../../collector/ports.ts';
import type { Report } from '../../../fingerprint/report.ts';
import { parseReport } from '../../../fingerprint/report-json.ts';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import { anyIdentities } from '../../fakes/identities.ts';

/**
 * A collector that was taken over: it has the certificate, the token, the ear of the agent and every document that was
 * ever signed, and it says whatever it likes, as often as it likes. What it does not have is a key of a person.
 */
export class EvilCollector implements AgentHandler {
  readonly caFile: string;
  /** Lets the agent in under its own name, as the real one would. */
  readonly joinTokenFile: string;
  /** Everything the agent told it. */
  readonly reports: Report[] = [];
  address = '';
  beat: AgentBeat | undefined;
  #link: AgentLink | undefined;
  #stored = 0;
  readonly #edge: GrpcIngest;

  private constructor(dir: string, edge: GrpcIngest) {
    this.caFile = join(dir, 'ca.pem');
    this.joinTokenFile = join(dir, 'join-token');
    this.#edge = edge;
  }

  static async start(dir: string): Promise<EvilCollector> {
    const authority = await makeAuthority(Date.now());
    const pair = await makeServerCertificate(authority, ['localhost', '127.0.0.1'], Date.now());
    const { identities, joinToken } = await anyIdentities(authority);
    const evil = new EvilCollector(
      dir,
      new GrpcIngest({
        address: '127.0.0.1:0',
        tls: {
          certificate: Buffer.from(pair.certificate),
          key: Buffer.from(pair.key),
          ca: authority.certificate,
        },
        collectorId: 'evil',
        gate: identities,
      }),
    );
    writeFileSync(evil.caFile, authority.certificate);
    writeFileSync(evil.joinTokenFile, `${joinToken}\n`, { mode: 0o600 });
    evil.address = await evil.#edge.listen(evil);
    return evil;
  }

  get hello(): AgentHello {
    if (this.#link === undefined) throw new Error('no agent is connected');
    return this.#link.hello;
  }

  async connected(link: AgentLink): Promise<number> {
    this.#link = link;
    return Math.max(this.#stored, link.hello.acked);
  }

  async deliver(_link: AgentLink, records: readonly RawRecord[]): Promise<number> {
    for (const { seq, json } of records) {
      this.reports.push(parseReport(parseJson(json)));
      this.#stored = Math.max(this.#stored, seq);
    }
    return this.#stored;
  }

  heartbeat(_link: AgentLink, beat: AgentBeat): void {
    this.beat = beat;
  }

  disconnected(link: AgentLink): void {
    if (this.#link === link) this.#link = undefined;
  }

  /** Hands a document down, as the real one hands down what was given to it. */
  offer(envelope: Uint8Array): void {
    this.#link?.fingerprint(envelope);
  }

  order(envelope: Uint8Array): void {
    this.#link?.order(envelope);
  }

  lease(envelope: Uint8Array): void {
    this.#link?.lease(envelope);
  }

  close(): Promise<void> {
    return this.#edge.close();
  }
}
