import { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk, type FingerprintDeskOptions } from '../../agent/fingerprint-desk.ts';
import type { AgentState } from '../../agent/ports/kept.ts';
import type { StateLine } from '../../agent/state-line.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { deskOptions } from './desk-options.ts';
import { sitePolicy } from './overlays.ts';
import { baseline, now } from './trust.ts';

export const cart: Workload = {
  cluster: 'default',
  namespace: 'shop',
  owner: 'cart',
  container: 'main',
  role: 'main',
  subject: baseline.subject,
};

/** A node's desk without a disk or a policy file: what it was given, what it keeps, what it said. */
export class SignedDesk {
  readonly lines: StateLine[] = [];
  readonly kept = new Map<string, Uint8Array>();
  state: AgentState = { streams: {}, aliveAt: 0 };
  now = now;
  policy: TrustPolicy | undefined = sitePolicy;
  readonly counters = new Counters();
  readonly desk: FingerprintDesk;

  constructor(more: Partial<FingerprintDeskOptions> = {}) {
    this.desk = new FingerprintDesk({ ...deskOptions(this), ...more });
  }

  async give(...envelopes: readonly Uint8Array[]): Promise<this> {
    for (const bytes of envelopes) await this.desk.accept(bytes, 'test');
    return this;
  }

  /** The same node after a restart. */
  async again(): Promise<SignedDesk> {
    const next = new SignedDesk();
    next.state = this.state;
    next.policy = this.policy;
    next.now = this.now;
    for (const [name, bytes] of this.kept) next.kept.set(name, bytes);
    await next.desk.open();
    return next;
  }

  /** How far a reaction to drift may go, and to what is never learnable. */
  modes(of = cart): string {
    const { maxMode, neverLearnableMode = maxMode } = this.desk.judging(of)?.approval ?? {};
    return `${maxMode ?? 'not judged'}/${neverLearnableMode ?? 'not judged'}`;
  }

  refused(): string[] {
    return this.lines.flatMap((l) => (l.type === 'fingerprint-refused' ? [l.code] : []));
  }
}
