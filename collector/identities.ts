import { sha256Hex } from '../fingerprint/digest.ts';
import { Admission, revokedSentence } from './admission.ts';
import { type AgentIdentity, isPlainName } from './core/agent-identity.ts';
import { issuerKeysProblem } from './core/issuer-keys.ts';
import { formatJoinToken } from './core/join-token.ts';
import { Enrolment, type EnrolmentOptions } from './enrolment.ts';
import {
  type ClusterRow,
  type Gate,
  IdentityError,
  type IssuedRow,
  type Revocation,
} from './ports/identities.ts';
import { Revocations } from './revocations.ts';

export interface IdentitiesOptions extends Omit<EnrolmentOptions, 'admission' | 'revocations'> {
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A change by a person: who, and why. */
export interface By {
  readonly author: string;
  readonly reason: string;
}

export interface JoinTokenWish {
  /** Absent: any. */
  readonly cluster?: string;
  readonly node?: string;
  /** Also under the name of a machine that has a certificate. Absent: where the token names its node. */
  readonly replaces?: boolean;
  /** Absent: an hour. */
  readonly lifetimeMs?: number;
}

/** One agent as its latest certificate says it. */
export interface KnownAgent {
  readonly identity: AgentIdentity;
  readonly serial: string;
  readonly how: IssuedRow['how'];
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly connected: boolean;
  readonly revoked?: Omit<Revocation, 'identity'>;
}

export interface ClusterSettings {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  /** `namespace/name` of the service accounts that may enrol. */
  readonly accounts: readonly string[];
  /** Public keys of the token issuer, as the cluster tells them at /openid/v1/jwks. */
  readonly jwks: string;
}

const hourMs = 3_600_000;
/** A token that lies about for longer is a password. */
const longestTokenMs = 7 * 24 * hourMs;
/** More agents than one collector serves, several times over. */
const maxListed = 10_000;

/** Who may be an agent of this collector: lets machines in, and lets people decide which. */
export class Identities implements Gate {
  readonly #options: IdentitiesOptions;
  readonly #revocations: Revocations;
  readonly #admission: Admission;
  readonly #enrolment: Enrolment;
  readonly enrol: Gate['enrol'];
  readonly renew: Gate['renew'];
  readonly admit: Gate['admit'];

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#revocations = new Revocations(options.store);
    const shared = { ...options, revocations: this.#revocations };
    this.#admission = new Admission(shared);
    this.#enrolment = new Enrolment({ ...shared, admission: this.#admission });
    this.enrol = (request, peer) => this.#enrolment.enrol(request, peer);
    this.renew = (csr, certificate) => this.#enrolment.renew(csr, certificate);
    this.admit = (hello, certificate, stream) => this.#admission.admit(hello, certificate, stream);
  }

  /** What an earlier run left behind. Before the first agent is let in. */
  restore(): Promise<void> {
    return this.#revocations.restore();
  }

  left(stream: Parameters<Gate['left']>[0]): void {
    this.#admission.left(stream);
  }

  /** Ends the streams whose certificates have run out; to be called again and again. */
  look(): void {
    this.#admission.look();
  }

  /** @returns the token, which nobody can tell again. @throws IdentityError */
  async makeJoinToken(
    wish: JoinTokenWish,
    by: By,
  ): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: number }> {
    const { store, authority, now, randomBytes, audit } = this.#options;
    const { cluster, node, replaces = node !== undefined, lifetimeMs = hourMs } = wish;
    for (const name of [cluster, node]) if (name !== undefined) checkName(name);
    checkReason(by);
    if (!(lifetimeMs >= 60_000 && lifetimeMs <= longestTokenMs))
      throw new IdentityError('bad-time', 'a join token lasts from a minute to seven days');
    const id = Buffer.from(randomBytes(8)).toString('hex');
    const secret = Buffer.from(randomBytes(32)).toString('base64url');
    const madeAt = now();
    const bound = { ...(cluster === undefined ? {} : { cluster }), ...(node === undefined ? {} : { node }) };
    const expiresAt = madeAt + lifetimeMs;
    await store.saveJoinToken({
      id,
      secret: sha256Hex(Buffer.from(secret)),
      ...bound,
      replaces,
      author: by.author,
      madeAt,
      expiresAt,
    });
    await audit?.record({ type: 'join-token-made', ...by, about: id, detail: { ...bound, expiresAt } });
    return { id, token: formatJoinToken({ id, secret, pin: authority.pin() }), expiresAt };
  }

  /** Newest first: all that have or had a certificate lately, and all that are shut out. */
  async agents(): Promise<readonly KnownAgent[]> {
    const issued = await this.#options.store.issued(maxListed);
    return issued.map(({ identity, serial, how, issuedAt, notAfter }) => {
      const revoked = this.#revocations.of(identity);
      const { author = '', reason = '', time = 0 } = revoked ?? {};
      return {
        identity,
        serial,
        how,
        issuedAt,
        notAfter,
        connected: this.#admission.isLive(identity),
        ...(revoked === undefined ? {} : { revoked: { author, reason, time } }),
      };
    });
  }

  revocations(): readonly Revocation[] {
    return this.#revocations.all();
  }

  /**
   * Shuts an agent out at once: its stream ends, it can neither renew nor enrol until a person restores it.
   * @param agent the node's name or UID; one that was never heard of is shut out beforehand
   * @throws IdentityError
   */
  async revoke(
    { cluster, agent }: { readonly cluster: string; readonly agent: string },
    by: By,
  ): Promise<Revocation> {
    checkName(cluster);
    checkName(agent);
    checkReason(by);
    const { store, now, audit, log } = this.#options;
    const meant = { cluster, id: agent, node: agent };
    const known = (await store.issued(maxListed)).find(
      ({ identity: i }) => i.cluster === cluster && (i.id === agent || i.node === agent),
    );
    const revocation = { identity: known?.identity ?? meant, ...by, time: now() };
    await this.#revocations.add(revocation);
    this.#admission.cut(revocation.identity, revokedSentence);
    log.warn({ ...revocation.identity, ...by }, 'agent shut out');
    await audit?.record({
      type: 'agent-revoked',
      ...by,
      about: `${cluster}/${agent}`,
      detail: revocation.identity,
    });
    return revocation;
  }

  /** Takes a revocation back. @throws IdentityError */
  async letIn(
    { cluster, agent }: { readonly cluster: string; readonly agent: string },
    by: By,
  ): Promise<void> {
    checkReason(by);
    const { audit, log } = this.#options;
    const meant = { cluster, id: agent, node: agent };
    const revoked = this.#revocations
      .all()
      .filter(({ identity: i }) => i.cluster === cluster && (i.id === agent || i.node === agent));
    if (revoked.length === 0)
      throw new IdentityError('not-revoked', `no agent ${agent} of the cluster ${cluster} is shut out`);
    for (const { identity } of revoked) await this.#revocations.remove(identity);
    log.info({ ...meant, ...by }, 'agent let in again');
    await audit?.record({ type: 'agent-restored', ...by, about: `${cluster}/${agent}`, detail: {} });
  }

  /** Lets the agents of a cluster enrol by its service accounts; again: with other keys. @throws IdentityError */
  async addCluster(settings: ClusterSettings, by: By): Promise<void> {
    checkReason(by);
    checkCluster(settings);
    const { store, now, audit } = this.#options;
    const { issuer, jwks, ...cluster } = settings;
    const proof = { by: 'keys', issuer, jwks } as const;
    await store.saveCluster({ cluster: { ...cluster, proof }, author: by.author, addedAt: now() });
    const detail = {
      issuer,
      audience: cluster.audience,
      accounts: cluster.accounts,
      jwks: sha256Hex(Buffer.from(jwks)),
    };
    await audit?.record({ type: 'cluster-added', ...by, about: cluster.name, detail });
  }

  /** Certificates that its agents have go on until they run out, and are renewed; revoke those that must not. @throws IdentityError */
  async removeCluster(name: string, by: By): Promise<void> {
    checkReason(by);
    if (!(await this.#options.store.removeCluster(name)))
      throw new IdentityError('cluster-unknown', `no cluster ${JSON.stringify(name)} was added`);
    await this.#options.audit?.record({ type: 'cluster-removed', ...by, about: name, detail: {} });
  }

  clusters(): Promise<readonly ClusterRow[]> {
    return this.#options.store.clusters();
  }
}

function checkName(name: string): void {
  if (!isPlainName(name))
    throw new IdentityError(
      'bad-name',
      `${JSON.stringify(name.slice(0, 64))} is no name of letters, digits, dots, dashes and underscores`,
    );
}

function checkReason({ reason }: By): void {
  if (reason.trim() === '' || reason.length > 1000)
    throw new IdentityError('bad-reason', 'a reason of at most 1000 characters must be given');
}

function checkCluster({ name, issuer, audience, accounts, jwks }: ClusterSettings): void {
  checkName(name);
  if (issuer === '' || issuer.length > 1000 || audience === '' || audience.length > 253)
    throw new IdentityError('bad-keys', 'issuer and audience of the tokens must be given');
  if (
    accounts.length === 0 ||
    accounts.length > 16 ||
    !accounts.every((a) => /^[0-9a-z.-]{1,253}\/[0-9a-z.-]{1,253}$/.test(a))
  )
    throw new IdentityError('bad-name', 'accounts must be 1 to 16 service accounts, each namespace/name');
  const problem = issuerKeysProblem(jwks);
  if (problem !== undefined) throw new IdentityError('bad-keys', problem);
}
