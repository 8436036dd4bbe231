import { Type } from 'typebox';
import { modes } from '../../../fingerprint/verdict.ts';
import { roles } from '../../ports/access.ts';

/** Pieces that several resources describe themselves with. Bodies refuse what they do not know; answers may grow. */

const strict = { additionalProperties: false } as const;
const open = { additionalProperties: true } as const;

export const Time = Type.Integer({ minimum: 0, description: 'ms since the Unix epoch' });

export const RoleName = Type.Enum([...roles]);
export const ModeName = Type.Enum([...modes]);

/** A line for people, kept for ever. */
export const Reason = Type.String({
  minLength: 1,
  maxLength: 1000,
  pattern: '\\S',
  description: 'Why, for the record',
});

export const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** Names of people and scripts: what stands in records must not be able to draw on a terminal. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._@ -]*$',
});

/** Clusters and nodes, as certificates can say them (core/agent-identity.ts). */
export const PlainName = Type.String({ pattern: '^(?!\\.{1,2}$)[0-9A-Za-z._-]{1,253}$' });

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 253, pattern: '^[!-~]+$' }), {
  maxItems: 64,
  uniqueItems: true,
  default: [],
});

export const ScopeBody = Type.Object({ clusters: Names, namespaces: Names }, strict);

export function listOf<T extends Parameters<typeof Type.Array>[0]>(item: T) {
  return Type.Object(
    {
      items: Type.Array(item),
      next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent on the last' })),
    },
    open,
  );
}

/** An object whose members are told elsewhere. */
export function loose(description: string) {
  return Type.Object({}, { ...open, description });
}

export const openObject = open;
export const strictObject = strict;

/** Of incidents, occurrences, orders: nothing in it needs escaping anywhere. */
export const IncidentId = Type.String({ pattern: '^[0-9A-Za-z._:-]{1,128}$' });
