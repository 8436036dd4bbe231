import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { agentAuthority } from '../adapters/keys/agent-authority.ts';
import { writeKept } from '../adapters/keys/kept-file.ts';
import type { TlsFiles } from '../adapters/keys/tls-files.ts';
import { tokenKeys } from '../adapters/token-keys.ts';
import { tokenReview } from '../adapters/token-review.ts';
import type { CollectorConfig } from '../config.ts';
import { Identities } from '../identities.ts';
import type { Wiring } from './wiring.ts';

export async function openIdentities(
  config: CollectorConfig,
  { store, log, audit }: Wiring,
  tls: () => TlsFiles,
): Promise<Identities> {
  const { kubernetesCluster: name, kubernetesApi: server, enrolAudience: audience } = config;
  const identities = new Identities({
    authority: agentAuthority(tls),
    store: store.identities,
    provers: {
      keys: tokenKeys(Date.now),
      review: tokenReview({ server, tokenFile: config.kubernetesToken, caFile: config.kubernetesCa }),
    },
    ...(name === ''
      ? {}
      : { ownCluster: { name, audience, accounts: config.enrolAccounts, proof: { by: 'review' } } }),
    trustDomain: config.trustDomain,
    lifetimeMs: config.agentCertificateHours * 3_600_000,
    graceMs: config.agentGraceDays * 86_400_000,
    now: Date.now,
    randomBytes,
    audit,
    log,
  });
  await identities.restore();
  return identities;
}

/** For the agent of this machine: whoever can read it could read the authority's key beside it. */
export async function localJoin(dir: string, identities: Identities): Promise<string> {
  const by = { author: 'localJoin', reason: 'the agent of this machine' };
  const { token } = await identities.makeJoinToken({ replaces: true }, by);
  const file = join(dir, 'join-token');
  writeKept(file, `${token}\n`, 0o600);
  return file;
}
