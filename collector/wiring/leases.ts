import { randomUUID } from 'node:crypto';
import { leaseProtocol } from '../../proto/convert.ts';
import { brakeLimits } from '../core/response-policy.ts';
import { LeaseGranter, type LeaseSigner } from '../lease-granter.ts';
import { TrustedWorkloads } from '../trusted-workloads.ts';
import type { Pipeline } from './pipeline.ts';
import type { Wiring } from './wiring.ts';

/** What agents may stop by themselves, within the budgets of the brakes. */
export function openLeases(
  { store, log, broadcast }: Wiring,
  parts: Pick<Pipeline, 'present' | 'policies' | 'fingerprints' | 'stopping' | 'now'>,
  signer: LeaseSigner,
): LeaseGranter {
  const { present, policies, fingerprints, stopping, now } = parts;
  const { ledger, disarms, settling } = stopping;
  const trusted = new TrustedWorkloads({ store, fingerprints, policies, now });
  return new LeaseGranter({
    ledger,
    disarms,
    settling,
    store: store.brakes.leases,
    copies: store.brakes.copies,
    limits: () => brakeLimits(policies.current.limits),
    present,
    trusted: () => trusted.all(),
    leaseOf: (agent) => {
      const link = present.get(agent)?.link;
      // An agent of the release before ends its stream over what it does not know.
      const knows = (link?.hello.protocol ?? leaseProtocol) >= leaseProtocol;
      return link !== undefined && knows ? (envelope) => link.lease(envelope) : undefined;
    },
    signer,
    newId: randomUUID,
    now,
    log,
    tell: broadcast.tell,
  });
}
