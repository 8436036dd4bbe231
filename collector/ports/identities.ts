import type { AgentIdentity } from '../core/agent-identity.ts';

/** The seams of agent identity: who signs certificates, who proves a token, what is remembered of both. */

/** What was asked for by a person and cannot be done. The message is a sentence with what to do. */
export class IdentityError extends Error {
  readonly code: 'bad-name' | 'bad-time' | 'bad-reason' | 'bad-keys' | 'cluster-unknown' | 'not-revoked';
  constructor(code: IdentityError['code'], message: string) {
    super(message);
    this.name = 'IdentityError';
    this.code = code;
  }
}

/** Why a machine gets no certificate, or one that it shows is not taken. */
export type IdentityRefusalCode =
  | 'bad-csr'
  | 'bad-name'
  | 'token-unknown'
  | 'token-used'
  | 'token-expired'
  | 'token-audience'
  | 'node-mismatch'
  | 'node-taken'
  | 'cluster-mismatch'
  | 'cluster-unknown'
  | 'service-account'
  | 'pod-not-on-node'
  | 'revoked'
  | 'too-many-attempts'
  | 'unavailable'
  | CertificateProblem;

export type CertificateProblem =
  | 'no-certificate'
  | 'certificate-unknown'
  | 'certificate-expired'
  | 'certificate-early';

export interface IdentityRefusal<C extends string = IdentityRefusalCode> {
  readonly refused: C;
  /** For the person at the machine: what is wrong and what to do. */
  readonly sentence: string;
}

/** A client certificate that an authority of ours signed; what it is to mean the core reads. */
export interface ShownCertificate {
  /** Its URIs and host names, as they stand there. */
  readonly uris: readonly string[];
  readonly hosts: readonly string[];
  /** Hex, as X.509 libraries print it. */
  readonly serial: string;
  /** sha256 of the public key, hex. */
  readonly key: string;
  /** ms since the Unix epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The collector's own certificate authority, as far as agents go. */
export interface AgentAuthority {
  /** PEM of every authority that is believed. */
  bundle(): string;
  /** First 32 hex digits of the sha256 of the public key of the authority that signs: what a join token pins. */
  pin(): string;
  /** @returns sha256 of the public key that a certificate is asked for, hex; a sentence when it is no proper request */
  readCsr(csr: Uint8Array): Promise<{ readonly key: string } | { readonly sentence: string }>;
  /** Signs for the public key of a request that `readCsr` took, and for nothing else that it asks. */
  issue(
    csr: Uint8Array,
    subject: {
      readonly spiffeId: string;
      readonly node: string;
      readonly now: number;
      readonly lifetimeMs: number;
    },
  ): Promise<{ readonly pem: string; readonly serial: string; readonly notAfter: number }>;
  /** Undefined unless an authority of ours signed it (DER) for a client. Says nothing of its time. */
  read(der: Uint8Array): ShownCertificate | undefined;
}

/** Where agents may enrol with service-account tokens. */
export interface KubernetesCluster {
  readonly name: string;
  /** That tokens must be meant for. */
  readonly audience: string;
  /** `namespace/name` of the service accounts that may. */
  readonly accounts: readonly string[];
  readonly proof: TokenProof;
}

/** Who says that a token is genuine: the cluster's API server, or the keys of its issuer as they were stored. */
export type TokenProof =
  | { readonly by: 'review' }
  | { readonly by: 'keys'; readonly issuer: string; readonly jwks: string };

/** What was proved, as it was said: the claims of a token, or the user of a TokenReview. */
export type Proven =
  | { readonly by: 'keys'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly by: 'review'; readonly user: unknown };

/** Checks signature, issuer, audience and time of a token. */
export interface TokenProver {
  prove(
    token: string,
    cluster: KubernetesCluster,
  ): Promise<Proven | IdentityRefusal<'token-unknown' | 'token-expired' | 'token-audience' | 'unavailable'>>;
}

export interface JoinTokenRow {
  readonly id: string;
  /** sha256 of the secret, hex: the secret itself is kept nowhere. */
  readonly secret: string;
  /** Absent: any. */
  readonly cluster?: string;
  readonly node?: string;
  /** Whether it lets in a machine under the name of one that has a certificate: its thief could be that one. */
  readonly replaces: boolean;
  readonly author: string;
  readonly madeAt: number;
  readonly expiresAt: number;
}

export interface Redemption {
  readonly id: string;
  readonly secret: string;
  readonly cluster: string;
  readonly node: string;
  /** sha256 of the public key that the certificate will be for. */
  readonly key: string;
  readonly now: number;
}

export type Redeemed =
  | 'redeemed'
  | 'token-unknown'
  | 'token-used'
  | 'token-expired'
  | 'cluster-mismatch'
  | 'node-mismatch'
  | 'node-taken';

export interface IssuedRow {
  readonly serial: string;
  readonly identity: AgentIdentity;
  readonly key: string;
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly how: 'join-token' | 'kubernetes' | 'renewal';
}

export interface Revocation {
  readonly identity: AgentIdentity;
  readonly author: string;
  readonly reason: string;
  readonly time: number;
}

export interface ClusterRow {
  readonly cluster: KubernetesCluster & { readonly proof: Extract<TokenProof, { by: 'keys' }> };
  readonly author: string;
  readonly addedAt: number;
}

/** Every write resolves after the commit. */
export interface IdentityStore {
  saveJoinToken(row: JoinTokenRow): Promise<void>;
  /** In one transaction: of two who come at once, one is served. The same key may come again for ten minutes. */
  redeem(redemption: Redemption): Promise<Redeemed>;
  /** Forgets certificates that ended long ago as well. */
  saveIssued(row: IssuedRow): Promise<void>;
  /** The latest of each agent, newest first. */
  issued(limit: number): Promise<readonly IssuedRow[]>;
  /** The node that the spool of this name belongs to; undefined when it was never heard of. */
  spoolOwner(agent: string): Promise<{ readonly cluster: string; readonly node: string } | undefined>;
  saveRevocation(revocation: Revocation): Promise<void>;
  removeRevocation(identity: Pick<AgentIdentity, 'cluster' | 'id'>): Promise<void>;
  revocations(): Promise<readonly Revocation[]>;
  saveCluster(row: ClusterRow): Promise<void>;
  removeCluster(name: string): Promise<boolean>;
  clusters(): Promise<readonly ClusterRow[]>;
}

/** A machine's request for its first certificate. */
export interface EnrolmentRequest {
  readonly csr: Uint8Array;
  readonly method: 'join-token' | 'kubernetes';
  readonly token: string;
  readonly cluster: string;
  readonly node: string;
}

export interface Enrolled {
  readonly certificate: string;
  readonly ca: string;
  readonly notAfter: number;
}

/** Why a stream is not served, or no longer. */
export type AdmissionCode =
  | CertificateProblem
  | 'revoked'
  | 'node-mismatch'
  | 'cluster-mismatch'
  | 'agent-elsewhere'
  | 'store-unavailable';

/** A stream that was let in and may have to be ended. */
export interface AdmittedStream {
  refuse(code: AdmissionCode, sentence: string): void;
}

/** What the edge asks about whoever connects. Certificates are DER as TLS gave them, believed by nobody yet. */
export interface Gate {
  /** @param peer for the count of attempts */
  enrol(request: EnrolmentRequest, peer: string): Promise<Enrolled | IdentityRefusal>;
  renew(csr: Uint8Array, certificate: Uint8Array | undefined): Promise<Enrolled | IdentityRefusal>;
  /** Whoever is let in is watched until `left`: told to go when the certificate ends or is revoked. */
  admit(
    hello: { readonly agent: string; readonly node: string; readonly cluster: string },
    certificate: Uint8Array | undefined,
    stream: AdmittedStream,
  ): Promise<IdentityRefusal<AdmissionCode> | undefined>;
  left(stream: AdmittedStream): void;
}
