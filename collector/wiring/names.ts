import { hostname } from 'node:os';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { policyOf } from '../../fingerprint/policy-chain.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';
import { readKept } from '../adapters/keys/kept-file.ts';
import type { CollectorConfig } from '../config.ts';
import { CollectorError } from '../ports.ts';

/** What agents may call this collector: itself by every local name, where it listens, and what the site adds. */
export function namesOf({ listen, httpListen, names }: CollectorConfig): string[] {
  const hosts = [listen, httpListen]
    .filter((address) => !address.startsWith('unix:'))
    .map((address) => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
  const meant = hosts.filter((name) => !['0.0.0.0', '::', ''].includes(name));
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...meant, ...names])];
}

export function trustOf(file: string): TrustPolicy | undefined {
  if (file === '') return undefined;
  const text = readKept(file, 0o644);
  if (text === undefined) throw new CollectorError('bad-file', `${file}: there is no such trust policy`);
  try {
    return policyOf(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new CollectorError('bad-file', `${file} ${error.field} ${error.message} (${error.code})`, {
      cause: error,
    });
  }
}
