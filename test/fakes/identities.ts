import { randomBytes, X509Certificate } from 'node:crypto';
import { agentAuthority } from '../../collector/adapters/keys/agent-authority.ts';
import type { Pair } from '../../collector/adapters/keys/certificates.ts';
import { Identities, type IdentitiesOptions } from '../../collector/identities.ts';
import type {
  ClusterRow,
  IdentityStore,
  IssuedRow,
  JoinTokenRow,
  Redeemed,
  Redemption,
  Revocation,
} from '../../collector/ports/identities.ts';

/** Remembers as the database does, without its races: those are tested where they are settled. */
export class MemoryIdentities implements IdentityStore {
  readonly tokens = new Map<string, JoinTokenRow & { usedFor?: string }>();
  readonly certificates: IssuedRow[] = [];
  readonly owners = new Map<string, { cluster: string; node: string }>();
  #revocations: Revocation[] = [];
  #clusters: ClusterRow[] = [];

  async saveJoinToken(row: JoinTokenRow): Promise<void> {
    this.tokens.set(row.id, row);
  }
  async redeem({ id, secret, cluster, node, key }: Redemption): Promise<Redeemed> {
    const row = this.tokens.get(id);
    if (row === undefined || row.secret !== secret) return 'token-unknown';
    const usedFor = [cluster, node, key].join(' ');
    if (row.usedFor !== undefined) return row.usedFor === usedFor ? 'redeemed' : 'token-used';
    this.tokens.set(id, { ...row, usedFor });
    return 'redeemed';
  }
  async saveIssued(row: IssuedRow): Promise<void> {
    this.certificates.push(row);
  }
  async issued(): Promise<readonly IssuedRow[]> {
    return this.certificates.toReversed();
  }
  async spoolOwner(agent: string): Promise<{ cluster: string; node: string } | undefined> {
    return this.owners.get(agent);
  }
  async saveRevocation(revocation: Revocation): Promise<void> {
    this.#revocations.push(revocation);
  }
  async removeRevocation({ cluster, id }: { cluster: string; id: string }): Promise<void> {
    this.#revocations = this.#revocations.filter(({ identity: i }) => i.cluster !== cluster || i.id !== id);
  }
  async revocations(): Promise<readonly Revocation[]> {
    return this.#revocations;
  }
  async saveCluster(row: ClusterRow): Promise<void> {
    this.#clusters.push(row);
  }
  async removeCluster(name: string): Promise<boolean> {
    const before = this.#clusters.length;
    this.#clusters = this.#clusters.filter((row) => row.cluster.name !== name);
    return this.#clusters.length < before;
  }
  async clusters(): Promise<readonly ClusterRow[]> {
    return this.#clusters;
  }
}

export const by = { author: 'ada', reason: 'a test' };

/** The real service over memory, with a join token for anybody. */
export async function anyIdentities(authority: Pair, over: Partial<IdentitiesOptions> = {}) {
  const certificate = new X509Certificate(authority.certificate);
  const files = {
    caFile: '',
    certificate: Buffer.of(),
    key: Buffer.of(),
    authority,
    bundle: authority.certificate,
    authorities: [certificate],
  };
  const store = new MemoryIdentities();
  const identities = new Identities({
    authority: agentAuthority(() => files),
    store,
    provers: {},
    trustDomain: 'whorl',
    lifetimeMs: 86_400_000,
    graceMs: 30 * 86_400_000,
    now: Date.now,
    randomBytes,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    ...over,
  });
  const { token } = await identities.makeJoinToken({ replaces: true }, by);
  return { identities, joinToken: token, store };
}
