import { canonicalBytes } from './canonical.ts';
import { hexOf, lifetimeOf, openCommand, sessionOf } from './command-payload.ts';
import { leasePayloadType, seal } from './envelope.ts';
import { behaviourKinds } from './event.ts';
import { Fields } from './fields.ts';
import { severities } from './incident.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { type Lease, leaseModes, maxLeaseRules, maxLeaseStops } from './lease.ts';
import { killScopes, type Response, type ResponseRule } from './response.ts';
import { modes } from './verdict.ts';

/** Becomes a part of what a receipt is called, so it is short and plain. */
const idForm = /^[0-9a-zA-Z][0-9a-zA-Z._-]{0,127}$/;

/** Signs a lease with the command key. Never one that `verifyLease` would refuse to read. @throws SCHEMA */
export function signLease(lease: Lease, key: PrivateKey): Uint8Array {
  return seal(leasePayloadType, canonicalBytes(parseLease(new Fields(lease, '', 'SCHEMA'))), [key]);
}

/**
 * Proves that one of the keys gave this lease and that it is whole. Whether it is meant for this node, this session and
 * this minute is for the agent to say.
 * @throws the codes of `open`, UNKNOWN_KEY, BAD_SIGNATURE, PAYLOAD_SYNTAX, SCHEMA
 */
export function verifyLease(bytes: Uint8Array, keys: readonly PublicKey[]): Lease {
  return parseLease(openCommand(bytes, leasePayloadType, keys));
}

/** Unknown members are refused: one might be a condition under which the lease does not hold. */
function parseLease(fields: Fields): Lease {
  fields.only(
    'id',
    'session',
    'seq',
    'node',
    'workload',
    'stops',
    'ends',
    'response',
    'maxMode',
    'issuedAt',
    'expiresAt',
  );
  const stops = atMost(fields, 'stops', maxLeaseStops, `${maxLeaseStops}`);
  return {
    id: idOf(fields),
    session: sessionOf(fields),
    seq: fields.integer('seq', 0),
    node: fields.text('node'),
    workload: hexOf(fields, 'workload', 64),
    stops,
    ends: atMost(fields, 'ends', stops, 'stops'),
    response: responseOf(fields.object('response')),
    maxMode: fields.oneOf('maxMode', leaseModes),
    ...lifetimeOf(fields),
  };
}

function idOf(fields: Fields): string {
  const id = fields.text('id');
  return idForm.test(id)
    ? id
    : fields.fail('id', 'must be 1 to 128 letters, digits, dots, dashes or underscores');
}

function atMost(fields: Fields, name: string, most: number, what: string): number {
  const value = fields.integer(name, 0);
  return value <= most ? value : fields.fail(name, `must not be more than ${what}`);
}

function responseOf(fields: Fields): Response {
  fields.only('rules', 'killScope', 'stopInteractive');
  const stopInteractive = fields.raw('stopInteractive');
  return {
    rules: fields
      .list('rules', maxLeaseRules)
      .map((rule, i) => ruleOf(new Fields(rule, `${fields.at('rules')}[${i}]`, 'SCHEMA'))),
    killScope: fields.oneOf('killScope', killScopes),
    stopInteractive:
      typeof stopInteractive === 'boolean'
        ? stopInteractive
        : fields.fail('stopInteractive', 'must be true or false'),
  };
}

function ruleOf(fields: Fields): ResponseRule {
  fields.only('kinds', 'severities', 'mode');
  return {
    ...(fields.has('kinds') ? { kinds: wordsOf(fields, 'kinds', behaviourKinds) } : {}),
    ...(fields.has('severities') ? { severities: wordsOf(fields, 'severities', severities) } : {}),
    mode: fields.oneOf('mode', modes),
  };
}

function wordsOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T[] {
  return fields
    .list(name, allowed.length)
    .map(
      (word) => allowed.find((a) => a === word) ?? fields.fail(name, `must hold only ${allowed.join(', ')}`),
    );
}
