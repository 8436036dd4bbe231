import { canonicalBytes } from './canonical.ts';
import { commandPayloadType, open, seal } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { PrivateKey, PublicKey } from './keys.ts';
import { actions, type Order, type OrderTarget } from './order.ts';
import { signersOf } from './signatures.ts';
import { parseJson } from './strict-json.ts';
import { parseTimestamp } from './timestamp.ts';

/** An order is about a kilobyte; nothing larger is read. */
const maxOrderBytes = 16 * 1024;

/** Signs an order with the command key. Never one that `verifyOrder` would refuse to read. @throws SCHEMA */
export function signOrder(order: Order, key: PrivateKey): Uint8Array {
  return seal(commandPayloadType, canonicalBytes(parseOrder(order)), [key]);
}

/**
 * Proves that one of the keys gave this order and that it is whole. Whether it is meant for this node, this session and
 * this minute, and whether anything has drifted, is for the agent to say.
 * @throws the codes of `open`, UNKNOWN_KEY, BAD_SIGNATURE, PAYLOAD_SYNTAX, SCHEMA
 */
export function verifyOrder(bytes: Uint8Array, keys: readonly PublicKey[]): Order {
  const envelope = open(bytes, [commandPayloadType]);
  signersOf(envelope, keys);
  return parseOrder(parsePayload(envelope.payload));
}

function parsePayload(payload: Uint8Array): unknown {
  try {
    return parseJson(payload, { bytes: maxOrderBytes, depth: 4 });
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code === 'TOO_LARGE') throw error;
    throw new FingerprintError('PAYLOAD_SYNTAX', error.message, { field: 'payload', cause: error });
  }
}

/** Unknown members are refused: one might be a condition under which the order does not hold. */
function parseOrder(value: unknown): Order {
  const fields = new Fields(value, '', 'SCHEMA');
  fields.only('id', 'action', 'session', 'seq', 'target', 'reason', 'issuedAt', 'expiresAt');
  const order: Order = {
    id: fields.text('id'),
    action: fields.oneOf('action', actions),
    session: sessionOf(fields),
    seq: fields.integer('seq', 0),
    target: targetOf(fields.object('target')),
    reason: fields.text('reason'),
    issuedAt: fields.timestamp('issuedAt'),
    expiresAt: fields.timestamp('expiresAt'),
  };
  const [from, until] = [parseTimestamp(order.issuedAt) ?? 0, parseTimestamp(order.expiresAt) ?? 0];
  return until > from ? order : fields.fail('expiresAt', 'must be later than issuedAt');
}

function sessionOf(fields: Fields): string {
  const session = fields.text('session');
  return /^[0-9a-f]{32}$/.test(session)
    ? session
    : fields.fail('session', 'must be 32 lower-case hex digits');
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
