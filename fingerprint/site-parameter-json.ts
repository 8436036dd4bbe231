import type { SiteParameter } from './fingerprint.ts';
import { maxParameters } from './limits.ts';
import { canonicalParameters } from './merge-known.ts';
import { ObjectReader, readText, refuse } from './object-reader.ts';

/** @throws SCHEMA */
export function parseParameters(value: unknown, field: string): readonly SiteParameter[] {
  if (!Array.isArray(value) || value.length > maxParameters)
    return refuse(field, `must be a list of at most ${maxParameters}`);
  const parameters = value.map((v: unknown, i) => parseParameter(v, `${field}[${i}]`));
  const names = parameters.map((p) => `${p.kind}:${p.name}`);
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0) refuse(`${field}[${twice}].name`, 'is declared twice');
  return canonicalParameters(parameters);
}

function parseParameter(value: unknown, field: string): SiteParameter {
  const r = new ObjectReader(value, field);
  const name = r.text('name', 40);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) refuse(r.field('name'), 'must be a word of a-z, 0-9 and -');
  return r.end({
    kind: r.word('kind', ['site', 'volume'] as const),
    name,
    what: r.value('what', (v, f) => readText(v, f, 1024)),
  });
}
