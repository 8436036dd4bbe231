import { sha256Hex } from '../fingerprint/digest.ts';
import { printable } from '../fingerprint/printable.ts';
import { type Admission, refusal, revokedSentence } from './admission.ts';
import { type AgentIdentity, isPlainName, spiffeId } from './core/agent-identity.ts';
import { Attempts } from './core/attempts.ts';
import { parseJoinToken } from './core/join-token.ts';
import { accountOfClaims, accountOfReview, accountRefusal } from './core/service-account.ts';
import type { AuditLog } from './ports/audit.ts';
import type {
  AgentAuthority,
  Enrolled,
  EnrolmentRequest,
  IdentityRefusal,
  IdentityStore,
  IssuedRow,
  KubernetesCluster,
  Proven,
  Redeemed,
  TokenProof,
  TokenProver,
} from './ports/identities.ts';
import type { Log } from './ports.ts';
import type { Revocations } from './revocations.ts';

export interface EnrolmentOptions {
  readonly authority: AgentAuthority;
  readonly store: IdentityStore;
  readonly revocations: Revocations;
  readonly admission: Admission;
  readonly provers: Readonly<Partial<Record<TokenProof['by'], TokenProver>>>;
  /** The cluster this collector runs in, where there is one. */
  readonly ownCluster?: KubernetesCluster;
  readonly trustDomain: string;
  readonly lifetimeMs: number;
  /** For so long after its end a certificate still proves who asks for the next. */
  readonly graceMs: number;
  readonly now: () => number;
  readonly log: Log;
  readonly audit?: AuditLog;
}

/** Nobody guesses 256 bits; this is what one who tries may cost. Honest attempts are given back. */
const attempts = { perPeer: 30, overall: 1000, windowMs: 10 * 60_000 };
/** A certificate a day is two renewals; an agent that is started again and again asks no more often than that. */
const renewals = { perPeer: 20, overall: 20_000, windowMs: 10 * 60_000 };
/** Signatures and questions to API servers at once; who is told to wait comes again with jitter. */
const maxUnderWay = 64;

/** Gives machines their certificates: the first for a token, each further one for the one before. */
export class Enrolment {
  readonly #options: EnrolmentOptions;
  readonly #attempts = new Attempts(attempts);
  readonly #renewals = new Attempts(renewals);
  #underWay = 0;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  async enrol(request: EnrolmentRequest, peer: string): Promise<Enrolled | IdentityRefusal> {
    const { now, log, audit } = this.#options;
    if (!this.#attempts.charge(peer, now())) return tooMany;
    const { cluster, node, method } = request;
    const answer = await this.#alone(async () => {
      const proven = await this.#prove(request);
      if ('refused' in proven) return proven;
      const enrolled = await this.#issue(request.csr, proven, method);
      if ('certificate' in enrolled) {
        const about = `${proven.cluster}/${proven.node}`;
        await audit?.record({
          type: 'agent-enrolled',
          author: `agent:${about}`,
          about,
          detail: { method, id: proven.id },
        });
      }
      return enrolled;
    });
    const about = { cluster: printable(cluster), node: printable(node), peer, method };
    const code = 'refused' in answer ? answer.refused : undefined;
    // What is our own fault is nobody's attempt: a whole fleet behind one address comes back after an outage.
    if (code === undefined || code === 'unavailable') this.#attempts.giveBack(peer);
    if (code === undefined) log.info(about, 'agent enrolled');
    else log.warn({ ...about, code }, 'enrolment refused');
    return answer;
  }

  async renew(csr: Uint8Array, certificate: Uint8Array | undefined): Promise<Enrolled | IdentityRefusal> {
    const { admission, graceMs, now, revocations } = this.#options;
    const known = admission.known(certificate);
    if ('refused' in known) return known;
    if (now() < known.notBefore)
      return refusal('certificate-early', "the certificate is not valid yet by the collector's clock");
    if (now() >= known.notAfter + graceMs)
      return refusal(
        'certificate-expired',
        `the certificate ran out more than ${Math.round(graceMs / 86_400_000)} days ago; enrol this machine again`,
      );
    if (revocations.of(known.identity) !== undefined) return refusal('revoked', revokedSentence);
    if (!this.#renewals.charge(`${known.identity.cluster}/${known.identity.id}`, now())) return tooMany;
    return await this.#alone(() => this.#issue(csr, known.identity, 'renewal'));
  }

  async #alone(work: () => Promise<Enrolled | IdentityRefusal>): Promise<Enrolled | IdentityRefusal> {
    if (this.#underWay >= maxUnderWay)
      return refusal('unavailable', 'more machines ask for certificates than can be served at once');
    this.#underWay += 1;
    try {
      return await work();
    } catch (err) {
      this.#options.log.error({ err }, 'a certificate could not be given');
      return refusal('unavailable', 'the collector cannot give certificates right now; its log says why');
    } finally {
      this.#underWay -= 1;
    }
  }

  async #prove(request: EnrolmentRequest): Promise<AgentIdentity | IdentityRefusal> {
    const { cluster, node } = request;
    if (!isPlainName(cluster) || !isPlainName(node))
      return refusal(
        'bad-name',
        'a certificate holds names of letters, digits, dots, dashes and underscores alone; set node and cluster to such names',
      );
    const csr = await this.#options.authority.readCsr(request.csr);
    if ('sentence' in csr) return refusal('bad-csr', csr.sentence);
    switch (request.method) {
      case 'join-token':
        return await this.#redeem(request, csr.key);
      case 'kubernetes':
        return await this.#serviceAccount(request);
    }
  }

  async #redeem(request: EnrolmentRequest, key: string): Promise<AgentIdentity | IdentityRefusal> {
    const { store, now, revocations } = this.#options;
    const { cluster, node } = request;
    const token = parseJoinToken(request.token);
    if (token === undefined) return refusal('token-unknown', sentences['token-unknown']);
    const identity = { cluster, node, id: node };
    // Before the token is used up for nothing.
    if (revocations.of(identity) !== undefined) return refusal('revoked', revokedSentence);
    const secret = sha256Hex(Buffer.from(token.secret));
    const redeemed = await store.redeem({ id: token.id, secret, cluster, node, key, now: now() });
    return redeemed === 'redeemed' ? identity : refusal(redeemed, sentences[redeemed]);
  }

  async #serviceAccount(request: EnrolmentRequest): Promise<AgentIdentity | IdentityRefusal> {
    const cluster = await this.#cluster(request.cluster);
    const prover = cluster === undefined ? undefined : this.#options.provers[cluster.proof.by];
    if (cluster === undefined || prover === undefined)
      return refusal(
        'cluster-unknown',
        'the collector knows no cluster of this name whose service accounts it could check; add it (whorl cluster add) or use a join token',
      );
    const proven = await prover.prove(request.token, cluster);
    if ('refused' in proven) return proven;
    const account = accountOf(proven);
    if (account === undefined) return refusal('service-account', 'the token is of no service account');
    const refused = accountRefusal(account, cluster.accounts, request.node);
    if (refused !== undefined) return refusal(refused.code, refused.sentence);
    return { cluster: cluster.name, node: request.node, id: account.node?.uid ?? request.node };
  }

  async #cluster(name: string): Promise<KubernetesCluster | undefined> {
    const { ownCluster, store } = this.#options;
    if (ownCluster?.name === name) return ownCluster;
    return (await store.clusters()).find((row) => row.cluster.name === name)?.cluster;
  }

  async #issue(
    csr: Uint8Array,
    identity: AgentIdentity,
    how: IssuedRow['how'],
  ): Promise<Enrolled | IdentityRefusal> {
    const { authority, store, revocations, trustDomain, lifetimeMs, now } = this.#options;
    const read = await authority.readCsr(csr);
    if ('sentence' in read) return refusal('bad-csr', read.sentence);
    const at = now();
    const subject = { spiffeId: spiffeId(trustDomain, identity), node: identity.node, now: at, lifetimeMs };
    const { pem, serial, notAfter } = await authority.issue(csr, subject);
    // Before it is handed out: who was given what is known also after a crash.
    await store.saveIssued({ serial, identity, key: read.key, issuedAt: at, notAfter, how });
    if (revocations.of(identity) !== undefined) return refusal('revoked', revokedSentence);
    return { certificate: pem, ca: authority.bundle(), notAfter };
  }
}

function accountOf(proven: Proven) {
  return proven.by === 'keys' ? accountOfClaims(proven.claims) : accountOfReview(proven.user);
}

const tooMany = refusal('too-many-attempts', 'too many attempts; try again in ten minutes');

const sentences: Readonly<Record<Exclude<Redeemed, 'redeemed'>, string>> = {
  'token-unknown': 'the join token is none of this collector; make a new one there',
  'token-used': 'the join token was used already; each lets one machine in, make a new one for this one',
  'token-expired': 'the join token has expired; make a new one',
  'cluster-mismatch': 'the join token is for another cluster; set cluster as it says, or make one for this',
  'node-mismatch': 'the join token is for another node; make one for this',
  'node-taken':
    'a machine of this name has a certificate already; make a join token that names this node, or give it another name',
};
