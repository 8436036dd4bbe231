import { RegistryError } from './errors.ts';
import { hostOf, isLoopback } from './reference.ts';
import type { RegistrySettings } from './settings.ts';
import type { HttpAnswer } from './transport.ts';

/** Registries on this machine are spoken to in the clear, as every container runtime does; others never unasked. */
export function originOf(registry: string, { plainHttp, ca }: RegistrySettings): URL {
  const host = hostOf(registry);
  const found = URL.parse(`http://${host}`);
  if (found === null)
    throw new RegistryError('REGISTRY_REFERENCE', `${registry} is the name of no host`, {
      hint: 'check the address and the port',
    });
  const { hostname } = found;
  const clear = plainHttp === true || (isLoopback(hostname) && ca === undefined);
  return new URL(`${clear ? 'http' : 'https'}://${host}`);
}

/** RFC 8288; only within the same list, so that a registry cannot send the login elsewhere. */
export function nextPage(answer: HttpAnswer, base: URL): string | undefined {
  const target = /<([^>]{1,2048})>\s*;\s*rel="?next"?/.exec(answer.headers.link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  const url = new URL(target, answer.url);
  return url.origin === base.origin && url.pathname.startsWith(base.pathname) ? url.href : undefined;
}

/** The closed word of the registry's error, never its free text. */
export function codeIn({ body }: HttpAnswer): string {
  const code = /"code"\s*:\s*"([A-Z_]{1,40})"/.exec(
    Buffer.from(body.subarray(0, 4096)).toString('latin1'),
  )?.[1];
  return code === undefined ? '' : ` ${code}`;
}
