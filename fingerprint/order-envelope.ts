import { canonicalBytes } from './canonical.ts';
import { lifetimeOf, openCommand, sessionOf } from './command-payload.ts';
import { commandPayloadType, seal } from './envelope.ts';
import { Fields } from './fields.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { actions, type Order, type OrderTarget } from './order.ts';

/** Signs an order with the command key. Never one that `verifyOrder` would refuse to read. @throws SCHEMA */
export function signOrder(order: Order, key: PrivateKey): Uint8Array {
  return seal(commandPayloadType, canonicalBytes(parseOrder(new Fields(order, '', 'SCHEMA'))), [key]);
}

/**
 * Proves that one of the keys gave this order and that it is whole. Whether it is meant for this node, this session and
 * this minute, and whether anything has drifted, is for the agent to say.
 * @throws the codes of `open`, UNKNOWN_KEY, BAD_SIGNATURE, PAYLOAD_SYNTAX, SCHEMA
 */
export function verifyOrder(bytes: Uint8Array, keys: readonly PublicKey[]): Order {
  return parseOrder(openCommand(bytes, commandPayloadType, keys));
}

/** Unknown members are refused: one might be a condition under which the order does not hold. */
function parseOrder(fields: Fields): Order {
  fields.only('id', 'action', 'session', 'seq', 'target', 'mayEnd', 'reason', 'issuedAt', 'expiresAt');
  return {
    id: fields.text('id'),
    action: fields.oneOf('action', actions),
    session: sessionOf(fields),
    seq: fields.integer('seq', 0),
    target: targetOf(fields.object('target')),
    ...(fields.has('mayEnd') ? { mayEnd: mayEndOf(fields) } : {}),
    reason: fields.text('reason'),
    ...lifetimeOf(fields),
  };
}

function mayEndOf(fields: Fields): boolean {
  const value = fields.raw('mayEnd');
  return typeof value === 'boolean' ? value : fields.fail('mayEnd', 'must be true or false');
}

function targetOf(fields: Fields): OrderTarget {
  fields.only('node', 'instance', 'process', 'incident');
  const process = fields.object('process');
  process.only('pid', 'start');
  return {
    node: fields.text('node'),
    instance: fields.text('instance'),
    process: { pid: process.integer('pid', 1), start: process.integer('start', 0) },
    incident: fields.text('incident'),
  };
}
