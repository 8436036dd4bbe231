import { toAddress } from '../../fingerprint/address.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { isInward, isLoopback } from './peer-address.ts';

/**
 * Who lives at an address, by a name that another copy of it has too. The seam for whatever else knows peers: a service
 * list of an orchestrator is a directory like this one.
 */
export interface PeerDirectory {
  /** @param address in its one spelling */
  nameOf(address: string): string | undefined;
  /** Changes whenever an address may be called otherwise than before. */
  readonly epoch: number;
}

/** A node's 250 pods with two addresses each and as many that just left, eight times over. */
const maxAddresses = 4_096;

/**
 * Addresses of this node's containers, by workload: `workload:shop/cart`. What is remembered of a peer is what it is,
 * never where it happened to run.
 */
export class AddressBook implements PeerDirectory {
  /** Address → instance id → name. */
  readonly #entries = new Map<string, Map<string, string>>();
  #epoch = 0;

  get epoch(): number {
    return this.#epoch;
  }

  /**
   * The copy `instance` of `workload` lives at these addresses. Only inside space: a container that may configure its
   * own network could give itself any public address, and with it the name of whoever connects there.
   */
  add(instance: string, workload: Workload, pod: string | undefined, addresses: readonly string[]): void {
    const name = workloadPeer(workload, pod);
    for (const address of addresses.map(toAddress)) {
      if (!isInward(address) || isLoopback(address)) continue;
      const tenants = this.#entries.get(address);
      if (tenants?.get(instance) === name) continue;
      if (tenants === undefined && this.#entries.size >= maxAddresses) continue;
      this.#entries.set(address, new Map(tenants).set(instance, name));
      this.#epoch += 1;
    }
  }

  /** The copy has ended: its address may be somebody else's in a moment. */
  remove(instance: string): void {
    for (const [address, tenants] of this.#entries) {
      if (!tenants.delete(instance)) continue;
      this.#epoch += 1;
      if (tenants.size === 0) this.#entries.delete(address);
    }
  }

  /** Undefined when nobody here has it, or two that are not the same: networks of their own may share addresses. */
  nameOf(address: string): string | undefined {
    const tenants = this.#entries.get(address);
    if (tenants === undefined) return undefined;
    const names = new Set(tenants.values());
    const [only] = names;
    return names.size === 1 ? only : undefined;
  }
}

/**
 * What all containers of a pod have in common, because they share its address: namespace and owner. The owner is the
 * orchestrator's word where it is known, else the pod's name without what was drawn for it, else the image's repository.
 * Without the owner's kind: mostly the pod's name says the same, and a peer must not be called otherwise for as long as
 * the orchestrator is away.
 */
export function workloadPeer(workload: Workload, pod: string | undefined): string {
  const { namespace, owner, subject } = workload;
  const isNamed = owner !== 'pod' && !/^(cgroup|unit)\//.test(owner);
  const called = isNamed
    ? owner.slice(owner.lastIndexOf('/') + 1)
    : pod === undefined
      ? subject.name
      : podStem(pod);
  return `workload:${namespace}/${called}`;
}

/** Letters and digits Kubernetes draws names from. */
const drawn = '[bcdfghjklmnpqrstvwxz2456789]';
const podSuffix = new RegExp(`(?:-${drawn}{8,10}-${drawn}{5}|-${drawn}{5}|-\\d+)$`);

/** `cart-7d9f8b6c5-x2x4z`, `agent-x2x4z`, `db-0` → `cart`, `agent`, `db`. */
function podStem(pod: string): string {
  return pod.replace(podSuffix, '');
}
