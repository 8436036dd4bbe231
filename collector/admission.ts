import { type AgentIdentity, helloRefusal, identityOf } from './core/agent-identity.ts';
import type {
  AdmissionCode,
  AdmittedStream,
  AgentAuthority,
  CertificateProblem,
  Gate,
  IdentityRefusal,
  IdentityStore,
  ShownCertificate,
} from './ports/identities.ts';
import { isSame, type Revocations } from './revocations.ts';

export interface AdmissionOptions {
  readonly authority: AgentAuthority;
  readonly store: IdentityStore;
  readonly revocations: Revocations;
  readonly trustDomain: string;
  readonly now: () => number;
}

/** A certificate of ours, and whom it speaks for. Whether its time has come or is over is said apart. */
export interface KnownCertificate extends ShownCertificate {
  readonly identity: AgentIdentity;
}

/** Lets streams in by their certificates, and ends them when these end. */
export class Admission {
  readonly #options: AdmissionOptions;
  /** As many as there are streams, which the edge bounds. */
  readonly #live = new Map<AdmittedStream, KnownCertificate>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Whose it is, whatever the time. */
  known(certificate: Uint8Array | undefined): KnownCertificate | IdentityRefusal<CertificateProblem> {
    if (certificate === undefined)
      return refusal(
        'no-certificate',
        'the agent shows no certificate; enrol this machine with a join token (whorl join)',
      );
    const shown = this.#options.authority.read(certificate);
    const identity = shown === undefined ? undefined : identityOf(shown, this.#options.trustDomain);
    if (shown === undefined || identity === undefined)
      return refusal(
        'certificate-unknown',
        'the certificate is none that this collector gave to an agent; enrol this machine again',
      );
    return { ...shown, identity };
  }

  async admit(...[hello, certificate, stream]: Parameters<Gate['admit']>): ReturnType<Gate['admit']> {
    const known = this.known(certificate);
    if ('refused' in known) return known;
    const mismatch = helloRefusal(known.identity, hello);
    if (mismatch !== undefined) return refusal(mismatch.code, mismatch.sentence);
    const elsewhere = await this.#elsewhere(hello);
    // Nothing is awaited from here on: what is revoked now is either seen below or finds the stream among the live.
    const refused = elsewhere ?? this.#timeProblem(known) ?? this.#revoked(known.identity);
    if (refused === undefined) this.#live.set(stream, known);
    return refused;
  }

  left(stream: AdmittedStream): void {
    this.#live.delete(stream);
  }

  /** Ends the streams whose certificates have run out. */
  look(): void {
    for (const [stream, known] of this.#live) {
      const problem = this.#timeProblem(known);
      if (problem?.refused !== 'certificate-expired') continue;
      this.#live.delete(stream);
      stream.refuse('certificate-expired', 'the certificate ran out; the agent has to show a renewed one');
    }
  }

  /** Ends the streams of whoever is shut out now. */
  cut(identity: AgentIdentity, sentence: string): void {
    for (const [stream, known] of this.#live) {
      if (!isSame(known.identity, identity)) continue;
      this.#live.delete(stream);
      stream.refuse('revoked', sentence);
    }
  }

  isLive(identity: AgentIdentity): boolean {
    return [...this.#live.values()].some((known) => isSame(known.identity, identity));
  }

  /**
   * Sequence numbers are counted under the name of a spool: who took another node's name could have what that node
   * tells taken for repetition.
   */
  async #elsewhere(hello: Parameters<Gate['admit']>[0]): Promise<IdentityRefusal<AdmissionCode> | undefined> {
    try {
      const owner = await this.#options.store.spoolOwner(hello.agent);
      if (owner === undefined || (owner.cluster === hello.cluster && owner.node === hello.node))
        return undefined;
      return refusal(
        'agent-elsewhere',
        'the spool of this agent is known from another node; remove agent/spool on this one if its disk was copied or it was renamed',
      );
    } catch {
      return refusal('store-unavailable', 'the collector cannot reach its database; it will be tried again');
    }
  }

  #timeProblem({ notBefore, notAfter }: KnownCertificate): IdentityRefusal<CertificateProblem> | undefined {
    const now = this.#options.now();
    if (now < notBefore)
      return refusal(
        'certificate-early',
        "the certificate is not valid yet by the collector's clock; compare the clocks of both machines",
      );
    if (now < notAfter) return undefined;
    return refusal('certificate-expired', 'the certificate has run out; it has to be renewed');
  }

  #revoked(identity: AgentIdentity): IdentityRefusal<'revoked'> | undefined {
    const revocation = this.#options.revocations.of(identity);
    return revocation === undefined ? undefined : refusal('revoked', revokedSentence);
  }
}

/** Who shut it out, and why, is told to people and not to a machine that may be somebody else's by now. */
export const revokedSentence =
  'this agent was shut out by a person; whoever runs the collector can let it in again';

export function refusal<C extends string>(refused: C, sentence: string): IdentityRefusal<C> {
  return { refused, sentence };
}
