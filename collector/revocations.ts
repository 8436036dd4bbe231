import type { AgentIdentity } from './core/agent-identity.ts';
import type { IdentityStore, Revocation } from './ports/identities.ts';

/** Who is shut out. In memory, so that between asking and letting in there is no moment in which it could change. */
export class Revocations {
  readonly #store: IdentityStore;
  readonly #all = new Map<string, Revocation>();

  constructor(store: IdentityStore) {
    this.#store = store;
  }

  async restore(): Promise<void> {
    for (const revocation of await this.#store.revocations())
      this.#all.set(keyOf(revocation.identity), revocation);
  }

  /** By name as well as by UID: a node that is made again under its name is not let in by that. */
  of({ cluster, id, node }: AgentIdentity): Revocation | undefined {
    return (
      this.#all.get(keyOf({ cluster, id })) ??
      this.all().find((r) => isSame(r.identity, { cluster, id, node }))
    );
  }

  all(): readonly Revocation[] {
    return [...this.#all.values()];
  }

  async add(revocation: Revocation): Promise<void> {
    await this.#store.saveRevocation(revocation);
    this.#all.set(keyOf(revocation.identity), revocation);
  }

  async remove(identity: AgentIdentity): Promise<void> {
    await this.#store.removeRevocation(identity);
    this.#all.delete(keyOf(identity));
  }
}

export function isSame(a: AgentIdentity, b: AgentIdentity): boolean {
  return a.cluster === b.cluster && (a.id === b.id || a.node === b.node);
}

function keyOf({ cluster, id }: Pick<AgentIdentity, 'cluster' | 'id'>): string {
  return `${cluster}/${id}`;
}
