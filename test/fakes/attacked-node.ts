import { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk } from '../../agent/fingerprint-desk.ts';
import type { AgentState, FingerprintSource, KeptEnvelope } from '../../agent/ports/kept.ts';
import type { StateLine } from '../../agent/state-line.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { deskOptions } from './desk-options.ts';

/** A node, with its clock, its disk and its policy in the attacker's reach as far as the test says. */
export class AttackedNode {
  readonly lines: StateLine[] = [];
  readonly kept = new Map<string, Uint8Array>();
  readonly counters = new Counters();
  state: AgentState = { streams: {}, aliveAt: 0 };
  policy: TrustPolicy;
  now: number;
  /** Holds up the writing of a file until it is called. */
  delay: (name: string) => Promise<void> = async () => undefined;
  desk = this.#desk();

  constructor(policy: TrustPolicy, now: number) {
    this.policy = policy;
    this.now = now;
  }

  #desk(): FingerprintDesk {
    const options = deskOptions(this);
    const { source } = options;
    const keep: FingerprintSource['keep'] = async (name, bytes) => {
      await this.delay(name);
      await source.keep(name, bytes);
    };
    // A directory is read in the order of its names.
    const envelopes: FingerprintSource['envelopes'] = async function* () {
      const kept: KeptEnvelope[] = [];
      for await (const envelope of source.envelopes()) kept.push(envelope);
      yield* kept.sort((a, b) => (a.name < b.name ? -1 : 1));
    };
    return new FingerprintDesk({ ...options, source: { ...source, keep, envelopes } });
  }

  /** @returns the code of the refusal, or `accepted` */
  async give(bytes: Uint8Array): Promise<string> {
    const from = this.lines.length;
    await this.desk.accept(bytes, 'test');
    const refusal = this.lines.slice(from).find((l) => l.type === 'fingerprint-refused');
    return refusal?.type === 'fingerprint-refused' ? refusal.code : 'accepted';
  }

  async restart(): Promise<void> {
    this.desk = this.#desk();
    await this.desk.open();
  }

  /** What judges a workload, and how far it may go. */
  judging(workload: Workload): { readonly version: number; readonly mode: string } | undefined {
    const approval = this.desk.judging(workload)?.approval;
    return approval === undefined ? undefined : { version: approval.version, mode: approval.maxMode };
  }
}
