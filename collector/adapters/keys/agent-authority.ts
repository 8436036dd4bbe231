import { createPublicKey, X509Certificate } from 'node:crypto';
import type { AgentAuthority } from '../../ports/identities.ts';
import { keyHash, readAgentCertificate } from './read-agent-certificate.ts';
import type { TlsFiles } from './tls-files.ts';

/**
 * Signs for agents with the authority of the collector's TLS files, as they are now: they change while it runs.
 * The library that makes certificates is loaded with the first that is made.
 */
export function agentAuthority(files: () => TlsFiles): AgentAuthority {
  return {
    bundle: () => files().bundle,
    pin: () => keyHash(new X509Certificate(files().authority.certificate).publicKey).slice(0, 32),
    readCsr: async (csr) => {
      const { keyOfCsr } = await import('./agent-certificates.ts');
      const spki = await keyOfCsr(csr);
      if (typeof spki === 'string') return { sentence: spki };
      return { key: keyHash(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })) };
    },
    issue: async (csr, subject) => {
      const { keyOfCsr, makeAgentCertificate } = await import('./agent-certificates.ts');
      const spki = await keyOfCsr(csr);
      if (typeof spki === 'string') throw new Error(`a request that was read cannot be read: ${spki}`);
      const pem = await makeAgentCertificate(files().authority, spki, subject);
      const made = new X509Certificate(pem);
      return { pem, serial: made.serialNumber, notAfter: made.validToDate.getTime() };
    },
    read: (der) => readAgentCertificate(der, files().authorities),
  };
}
