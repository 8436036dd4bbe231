import { join } from 'node:path';
import { fingerprintsDir } from '../../agent/adapters/fingerprints-dir.ts';
import { stateFile } from '../../agent/adapters/state-file.ts';
import type { Counters } from '../../agent/core/counters.ts';
import { FingerprintDesk } from '../../agent/fingerprint-desk.ts';
import { LeaseDesk } from '../../agent/lease-desk.ts';
import { OrderDesk } from '../../agent/order-desk.ts';
import type { StateLine } from '../../agent/state-line.ts';
import { StopHand } from '../../agent/stop-hand.ts';
import type { PublicKey } from '../../fingerprint/keys.ts';
import { newTrustPolicy } from '../../fingerprint/new-trust-policy.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import type { MadeUpNode } from './made-up-node.ts';
import { vendor } from './trust.ts';

/** What comes down from a collector. */
export type Cargo = 'order' | 'lease' | 'fingerprint';

export interface NodeDesksOptions {
  readonly dir: string;
  readonly node: string;
  readonly session: string;
  readonly commandKey: PublicKey;
  readonly made: MadeUpNode;
  readonly counters: Counters;
  readonly say: (line: StateLine) => void;
  readonly onReceipt: (receipt: Receipt) => void;
}

/** The agent's own desks with their files, on a node that is made up; whatever the vendor of the tests signs is trusted. */
export class NodeDesks {
  readonly fingerprints: FingerprintDesk;
  readonly #orders: OrderDesk;
  readonly #leases: LeaseDesk;

  constructor({ dir, commandKey, made, ...about }: NodeDesksOptions) {
    const policy = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'Vendor Inc',
      image: 'example/**',
      maxMode: 'kill',
      commandKey,
      issuedAt: '2026-05-01T00:00:00Z',
    });
    const common = { ...about, trust: async () => policy, log: silent };
    const { attribution, watch, enforcer } = made;
    const hand = new StopHand({ enforcer, attribution, watch, holdUs: 600_000_000, now: nowUs });
    const stopping = { ...common, hand, attribution, watch, now: nowUs, onStopped: () => undefined };
    this.#orders = new OrderDesk({
      ...stopping,
      enforcer,
      disarmed: async () => undefined,
      onKill: () => undefined,
    });
    this.#leases = new LeaseDesk({ ...stopping, disarmed: () => undefined, steady: steadyUs });
    this.fingerprints = new FingerprintDesk({
      ...common,
      source: fingerprintsDir(join(dir, 'fingerprints')),
      state: stateFile(join(dir, 'state.json')),
      acceptPolicy: async () => false,
      platform: { os: 'linux', architecture: 'amd64' },
      onChanged: () => undefined,
      now: Date.now,
    });
  }

  /** Takes up what an earlier run accepted. */
  open(): Promise<void> {
    return this.fingerprints.open();
  }

  async take(what: Cargo, envelope: Uint8Array): Promise<void> {
    switch (what) {
      case 'order':
        return await this.#orders.take(envelope);
      case 'lease':
        return await this.#leases.take(envelope);
      case 'fingerprint':
        await this.fingerprints.accept(envelope, 'collector');
    }
  }
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const nowUs = (): number => Date.now() * 1000;
const steadyUs = (): number => performance.now() * 1000;
