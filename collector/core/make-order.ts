import type { Incident } from '../../fingerprint/incident.ts';
import type { Action, Order } from '../../fingerprint/order.ts';
import { targetOf } from '../../fingerprint/target.ts';
import { formatSeconds } from '../../fingerprint/time.ts';

/** Agents refuse what is valid for longer (docs/limits.md). */
const lifeSeconds = 60;

/** What is to be done, and why, in a sentence for people. */
export interface Wanted {
  readonly action: Action;
  readonly sentence: string;
}

/**
 * The order that does it, bound to the process that was seen: node, session, number, instance, start.
 * @param now ms since the Unix epoch; @param lastSeq the highest number given in this session
 */
export function makeOrder(
  incident: Incident,
  { action, sentence }: Wanted,
  about: { readonly id: string; readonly session: string; readonly lastSeq: number; readonly now: number },
): Order {
  const seconds = Math.floor(about.now / 1000);
  return {
    id: about.id,
    action,
    session: about.session,
    // The clock keeps it growing over a restart of the collector that forgot the last number.
    seq: Math.max(about.lastSeq + 1, about.now),
    target: {
      node: incident.instance.node,
      instance: incident.instance.id,
      process: targetOf(incident),
      incident: incident.id,
    },
    reason: sentence,
    issuedAt: formatSeconds(seconds * 1_000_000),
    expiresAt: formatSeconds((seconds + lifeSeconds) * 1_000_000),
  };
}
