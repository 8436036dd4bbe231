import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import type { Fingerprint } from '../fingerprint/fingerprint.ts';
import { parseOverlay } from '../fingerprint/overlay.ts';
import { inScope } from '../fingerprint/scope.ts';
import { parseStatement, type Statement } from '../fingerprint/statement.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import type { Subject, Workload } from '../fingerprint/workload.ts';
import type { AgentLink, DriftStore } from './ports.ts';

export interface FingerprintsOptions {
  readonly store: Pick<DriftStore, 'fingerprints' | 'saveFingerprint'>;
  /** Checked before a fingerprint is handed out, when the site has given one. What is in force is for each agent to say. */
  readonly trust: TrustPolicy | undefined;
  readonly now: () => number;
}

/** Signed fingerprints, and what sites add to them, that the collector hands out. It cannot make one; it can only withhold one. */
export class Fingerprints {
  readonly #options: FingerprintsOptions;
  readonly #envelopes = new Map<string, Uint8Array>();
  readonly #read = new Map<string, Statement>();

  constructor(options: FingerprintsOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    for (const envelope of await this.#options.store.fingerprints()) {
      this.#keep(envelope);
    }
  }

  /** What was signed for this workload's image and does not belong to copies of somebody else. */
  of(workload: Workload): readonly Fingerprint[] {
    const { name, digest } = workload.subject;
    return [...this.#read.values()]
      .filter((s) => s.fingerprint.subject.name === name && s.digests.includes(digest))
      .map((s) => s.fingerprint)
      .filter((f) => inScope(f.scope, workload));
  }

  get count(): number {
    return this.#envelopes.size;
  }

  /** @throws FingerprintError */
  async add(envelope: Uint8Array): Promise<{ digest: string; subject: Subject }> {
    const { store, now } = this.#options;
    const subject = this.#subjectOf(envelope);
    const digest = digestOf(envelope);
    await store.saveFingerprint(digest, envelope, now());
    this.#keep(envelope);
    return { digest, subject };
  }

  /** What it is about, after whatever can be checked here. */
  #subjectOf(envelope: Uint8Array): Subject {
    const { trust, now } = this.#options;
    const { payload } = open(envelope, [statementPayloadType]);
    switch (kindOfEnvelope(envelope)) {
      case 'base':
        if (trust !== undefined) verifyFingerprint(envelope, trust, { now: now() });
        return parseStatement(payload).fingerprint.subject;
      case 'overlay':
        if (trust !== undefined) verifyOverlay(envelope, trust, { now: now() });
        return parseOverlay(payload).overlay.subject;
    }
  }

  sendAll(link: Pick<AgentLink, 'fingerprint'>): void {
    for (const envelope of this.#envelopes.values()) link.fingerprint(envelope);
  }

  #keep(envelope: Uint8Array): void {
    const digest = digestOf(envelope);
    this.#envelopes.set(digest, envelope);
    // An overlay says nothing of what the image does.
    if (kindOfEnvelope(envelope) === 'base')
      this.#read.set(digest, parseStatement(open(envelope, [statementPayloadType]).payload));
  }
}

function digestOf(envelope: Uint8Array): string {
  return `sha256:${sha256Hex(open(envelope, [statementPayloadType]).payload)}`;
}
