import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Identity, NodeCertificate } from '../../agent/ports/uplink.ts';
import { makeAgentCertificate } from '../../collector/adapters/keys/agent-certificates.ts';
import { spiffeId } from '../../collector/core/agent-identity.ts';

export interface Minted {
  readonly node?: string;
  readonly cluster?: string;
  readonly id?: string;
  readonly trustDomain?: string;
  readonly now?: number;
  readonly lifetimeMs?: number;
}

/**
 * A certificate as the collector's authority gives it to an agent, without asking: for fleets that are not about how they
 * came to theirs (that is `collector/identities.test.ts`, and the first test of `test/e2e/collector.test.ts`).
 *
 * @param caFile `tls/ca.pem` of the collector, beside which its key lies
 */
export async function minted(caFile: string, about: Minted = {}): Promise<NodeCertificate> {
  const {
    node = 'node-1',
    cluster = 'local',
    trustDomain = 'whorl',
    now = Date.now(),
    lifetimeMs = 86_400_000,
  } = about;
  const ca = readFileSync(caFile);
  const signing = readFileSync(join(dirname(caFile), 'ca.key'), 'utf8');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = await makeAgentCertificate(
    { certificate: new X509Certificate(ca).toString(), key: signing },
    publicKey.export({ format: 'der', type: 'spki' }),
    { spiffeId: spiffeId(trustDomain, { cluster, id: about.id ?? node }), node, now, lifetimeMs },
  );
  const key = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  return { certificate: Buffer.from(certificate), key, ca, renewAt: now + lifetimeMs / 2 };
}

/** An agent that has such a certificate. */
export function enrolled(caFile: string, about: Minted = {}): Identity {
  let shown: Promise<NodeCertificate> | undefined;
  return {
    current: () => {
      shown ??= minted(caFile, about);
      return shown;
    },
    refused: () => undefined,
  };
}
