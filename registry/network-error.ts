import { RegistryError } from './errors.ts';

const notThere = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);
const cut = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
const slow = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
const tls = /^(CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO$)/;
const broken = new WeakSet<RegistryError>();

/** What went wrong on the way to `host`, in words. */
export function networkError(error: unknown, host: string): RegistryError {
  if (error instanceof RegistryError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const named = error instanceof Error ? error.name : '';
  if (slow.has(code) || named === 'TimeoutError')
    return new RegistryError('REGISTRY_TIMEOUT', `${host} does not answer in time`, { cause: error });
  if (tls.test(code)) {
    return new RegistryError('REGISTRY_TLS', `the certificate or TLS of ${host} is not accepted (${code})`, {
      hint: 'give the site’s own certificates with --ca-file, or speak plain HTTP with --plain-http',
      cause: error,
    });
  }
  if (notThere.has(code))
    return new RegistryError('REGISTRY_UNREACHABLE', `${host} cannot be reached (${code})`, {
      hint: 'check the name, the network, and HTTPS_PROXY',
      cause: error,
    });
  const told = new RegistryError('REGISTRY_UNREACHABLE', `the connection to ${host} broke`, { cause: error });
  if (cut.has(code)) broken.add(told);
  return told;
}

/** A mistyped host is told at once; only what may pass by itself is tried again. */
export function isTransient(error: RegistryError): boolean {
  return broken.has(error) || error.code === 'REGISTRY_TIMEOUT';
}
