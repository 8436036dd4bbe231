import { canonicalBytes } from '../../../fingerprint/canonical.ts';
import { leasePayloadType, seal } from '../../../fingerprint/envelope.ts';
import type { Lease } from '../../../fingerprint/lease.ts';
import type { Workload } from '../../../fingerprint/workload.ts';
import { workloadHash } from '../../../fingerprint/workload-hash.ts';
import { type Person, people } from '../../fakes/evil-trust.ts';
import { at } from './evil-documents.ts';
import type { EvilWorld } from './evil-world.ts';

/** Kill leases, honest or not. */
export class Leases {
  readonly #world: EvilWorld;
  #seq = 0;

  constructor(world: EvilWorld) {
    this.#world = world;
  }

  /** As the real collector would grant it, to somebody who may do anything. */
  about(workload: Workload, change: Partial<Lease> = {}): Lease {
    this.#seq += 1;
    return {
      id: `lease-${this.#seq}`,
      session: this.#world.evil.hello.session,
      seq: this.#seq,
      node: 'test-node',
      workload: workloadHash(workload),
      stops: 3,
      ends: 3,
      response: { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: true },
      maxMode: 'kill',
      issuedAt: at(-1_000),
      expiresAt: at(50_000),
      ...change,
    };
  }

  /** Hands it down; the agent says something only of what it refuses. */
  give(lease: object, by: Person = 'commander', type = leasePayloadType): void {
    this.#world.evil.lease(seal(type, canonicalBytes(lease), [people[by]]));
  }

  /** @returns the code it is refused with */
  async giveWrong(lease: object, by?: Person, type?: string): Promise<string> {
    const from = this.#world.lines.end;
    this.give(lease, by, type);
    const line = await this.#world.line('a refused lease', (l) => l.type === 'lease-refused', from);
    return line.type === 'lease-refused' ? line.code : '';
  }

  /** Resolves when all that was given so far was looked at: a number that has passed is refused after them. */
  async settled(workload: Workload): Promise<void> {
    await this.giveWrong(this.about(workload, { seq: 0 }));
  }
}
