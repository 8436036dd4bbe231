import { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk, type FingerprintDeskOptions } from '../../agent/fingerprint-desk.ts';
import type { AgentState } from '../../agent/ports.ts';
import type { StateLine } from '../../agent/state-line.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import type { Workload } from '../../fingerprint/workload.ts';

/** A node, with its clock, its disk and its policy in the attacker's reach as far as the test says. */
export class AttackedNode {
  readonly lines: StateLine[] = [];
  readonly kept = new Map<string, Uint8Array>();
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
    const options: FingerprintDeskOptions = {
      source: {
        envelopes: async () => [...this.kept].sort().map(([name, bytes]) => ({ name, bytes })),
        keep: async (name, bytes) => {
          await this.delay(name);
          this.kept.set(name, bytes);
        },
        copy: async (name, as) => {
          const bytes = this.kept.get(name);
          if (bytes !== undefined) this.kept.set(as, bytes);
        },
        forget: async (name) => void this.kept.delete(name),
        has: async (name) => this.kept.has(name),
      },
      state: {
        load: async () => this.state,
        save: async (state) => {
          this.state = state;
        },
      },
      trust: async () => this.policy,
      acceptPolicy: async () => false,
      platform: { os: 'linux', architecture: 'amd64' },
      onChanged: () => undefined,
      counters: new Counters(),
      now: () => this.now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      say: (line) => this.lines.push(line),
    };
    return new FingerprintDesk(options);
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
