import { RegistryError } from './errors.ts';

/** Given up as soon as it is too large, by what it announces or while it comes. */
export async function readBody(
  body: AsyncIterable<unknown>,
  announced: string | undefined,
  maxBytes: number,
  host: string,
): Promise<Uint8Array> {
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(host, maxBytes);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    if (!(part instanceof Uint8Array)) continue;
    length += part.length;
    if (length > maxBytes) throw tooLarge(host, maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function tooLarge(host: string, maxBytes: number): RegistryError {
  return new RegistryError(
    'REGISTRY_TOO_LARGE',
    `${host} answers with more than the ${maxBytes} bytes this may have`,
  );
}

export function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}

/** ms. Seconds alone are read: a date would need both clocks to agree. */
export function retryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,6}$/.test(value.trim()) ? Number(value) * 1000 : undefined;
}
