import { sha256Hex } from '../fingerprint/digest.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { parseStatement } from '../fingerprint/statement.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import type { Subject } from '../fingerprint/workload.ts';
import type { AgentLink, DriftStore } from './ports.ts';

export interface FingerprintsOptions {
  readonly store: DriftStore;
  /** Checked before a fingerprint is handed out, when the site has given one. What is in force is for each agent to say. */
  readonly trust: TrustPolicy | undefined;
  readonly now: () => number;
}

/** Signed fingerprints that the collector hands out. It cannot make one; it can only withhold one. */
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
    const { store, trust, now } = this.#options;
    const { payload } = open(envelope, [statementPayloadType]);
    const { fingerprint } = parseStatement(payload);
    if (trust !== undefined) verifyFingerprint(envelope, trust, { now: now() });
    const digest = `sha256:${sha256Hex(payload)}`;
    await store.saveFingerprint(digest, envelope, now());
    this.#envelopes.set(digest, envelope);
    return { digest, subject: fingerprint.subject };
  }

  sendAll(link: AgentLink): void {
    for (const envelope of this.#envelopes.values()) link.fingerprint(envelope);
  }
}

function digestOf(envelope: Uint8Array): string {
  return `sha256:${sha256Hex(open(envelope, [statementPayloadType]).payload)}`;
}
