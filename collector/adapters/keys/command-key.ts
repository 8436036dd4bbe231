import type { Lease } from '../../../fingerprint/lease.ts';
import { signLease } from '../../../fingerprint/lease-envelope.ts';
import { signOrder } from '../../../fingerprint/order-envelope.ts';
import type { OrderSigner } from '../../ports.ts';
import { signingKey } from './signing-key.ts';

export interface CommandKey {
  /** SPKI PEM, for the role `command` of the agents' trust policy. */
  readonly publicFile: string;
  readonly signer: OrderSigner & { signLease(lease: Lease): Uint8Array };
}

/**
 * The key that signs orders and leases, and nothing else: a fingerprint signed with it is refused by every trust policy that gives
 * it the command role alone.
 * @throws CollectorError
 */
export function commandKey(dir: string): CommandKey {
  const { key, publicFile } = signingKey(dir, 'command');
  return {
    publicFile,
    signer: { sign: (order) => signOrder(order, key), signLease: (lease) => signLease(lease, key) },
  };
}
