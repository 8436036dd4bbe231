import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { parseOverlay } from '../fingerprint/overlay.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import type { Subject } from '../fingerprint/workload.ts';
import type { AgentLink, DriftStore } from './ports.ts';

export interface FingerprintsOptions {
  readonly store: DriftStore;
  /** Checked before a fingerprint is handed out, when the site has given one. What is in force is for each agent to say. */
  readonly trust: TrustPolicy | undefined;
  readonly now: () => number;
}

/** Signed fingerprints, and what sites add to them, that the collector hands out. It cannot make one; it can only withhold one. */
export class Fingerprints {
  readonly #options: FingerprintsOptions;
  readonly #envelopes = new Map<string, Uint8Array>();

  constructor(options: FingerprintsOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    for (const envelope of await this.#options.store.fingerprints()) {
      this.#envelopes.set(digestOf(envelope), envelope);
    }
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
    this.#envelopes.set(digest, envelope);
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

  sendAll(link: AgentLink): void {
    for (const envelope of this.#envelopes.values()) link.fingerprint(envelope);
  }
}

function digestOf(envelope: Uint8Array): string {
  return `sha256:${sha256Hex(open(envelope, [statementPayloadType]).payload)}`;
}
