import type { FastifyRequest } from 'fastify';

/**
 * A query is text by nature: what its schema calls a number or a flag is turned into one where it is written as one, and
 * nothing else is. Ajv's own conversion would make 1 of `true` and 0 of an empty text, in bodies, too.
 */
export function convertQuery({ query, routeOptions }: FastifyRequest): void {
  if (typeof query !== 'object' || query === null) return;
  for (const [name, value] of Object.entries(query)) {
    const type = typeOf(routeOptions.schema?.querystring, name);
    if (typeof value !== 'string') continue;
    if (type === 'integer' && /^-?\d{1,15}$/.test(value)) Reflect.set(query, name, Number(value));
    else if (type === 'boolean' && (value === 'true' || value === 'false'))
      Reflect.set(query, name, value === 'true');
    else if (type === 'array') Reflect.set(query, name, [value]);
  }
}

function typeOf(schema: unknown, name: string): unknown {
  const properties = memberOf(schema, 'properties');
  return memberOf(memberOf(properties, name), 'type');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
