import { FingerprintError } from './errors.ts';
import type { BehaviourSet, SiteParameter } from './fingerprint.ts';
import { grantsOf } from './grants.ts';
import { isNeverLearnableEntry } from './grave-entry.ts';
import { parseBehaviourSet } from './parse-behaviour-set.ts';
import type { StatementOptions } from './statement-options.ts';
import { uniteRemoved } from './tombstones.ts';

/**
 * What an overlay grants, in canonical form. It names no site parameter: what the site grants it knows by name.
 * @throws SCHEMA, TOO_LARGE; OVERLAY_FORBIDDEN for what is never learnable and has an end
 */
export function parseAdded(
  value: unknown,
  field: string,
  { expiresAt }: Pick<StatementOptions, 'expiresAt'>,
): BehaviourSet {
  const add = parseBehaviourSet(value, field);
  // A date would say that it is nothing to worry about until then; such a grant is somebody's standing decision.
  const isGrave = grantsOf(add).some(({ program, entry }) => isNeverLearnableEntry(program, entry));
  if (expiresAt === undefined || !isGrave) return add;
  throw new FingerprintError(
    'OVERLAY_FORBIDDEN',
    'grants what is never learnable and has an end: it is approved by name and without one, or not at all',
    { field },
  );
}

/** What an overlay takes away, in the form of tombstones. @throws SCHEMA, TOO_LARGE */
export function parseTakenBack(value: unknown, field: string): BehaviourSet {
  return uniteRemoved(parseBehaviourSet(value, field, parametersIn(value)));
}

/** A tombstone may name an entry with a parameter of its fingerprint; of one that does not exist it takes nothing away. */
function parametersIn(value: unknown): SiteParameter[] {
  const named = JSON.stringify(value).matchAll(/\{(site|volume):([a-z0-9-]+)\}/g);
  return [...named].map(([, kind, name = '']) => ({
    kind: kind === 'site' ? 'site' : 'volume',
    name,
    what: name,
  }));
}
