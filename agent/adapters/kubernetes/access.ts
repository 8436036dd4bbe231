import { readFileSync } from 'node:fs';
import { ApiError } from './api-error.ts';

/** Where the API is, as kubelet tells every container of a pod. */
export function addressInPod(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (host === undefined || host === '' || port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Read at each request: kubelet writes a new token long before the old one runs out. @throws ApiError */
export function readToken(file: string): string {
  const token = read(file, 'token').trim();
  // What no header could hold, or is no token at all, would be refused without saying why.
  if (/^[\x21-\x7e]{1,16384}$/.test(token)) return token;
  throw new ApiError('no-access', `${file} holds no token`);
}

/** Read at each connection. Undefined: the authorities of the system. @throws ApiError */
export function readCa(file: string): string | undefined {
  if (file === '') return undefined;
  const ca = read(file, 'certificate of the Kubernetes API');
  if (ca.includes('-----BEGIN CERTIFICATE-----')) return ca;
  throw new ApiError('no-access', `${file} holds no certificate`);
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ApiError('no-access', `the ${what} cannot be read from ${file}`, { cause });
  }
}
