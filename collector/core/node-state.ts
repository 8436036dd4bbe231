/** What can be wrong with a node itself, apart from what is done on it. */
export const nodeIncidentKinds = [
  /** Nothing was heard of it. */
  'silent',
  /** It does not see what it does on purpose (DESIGN §4). */
  'blind',
  /** Numbers of its records are missing: they were lost before they came. */
  'gap',
  /** Its spool was full: records were refused before they had a number. */
  'spool-dropped',
  /** Its clock and ours are far apart: orders to it expire, or are not yet valid. */
  'clock',
  /** It reports more incidents than one node may. */
  'flood',
  /** This collector was restored from a backup and lacks what the node was acknowledged after it. */
  'restored',
  /** This collector lacks what it acknowledged, and was not restored: its disk was put back. */
  'rolled-back',
] as const;
export type NodeIncidentKind = (typeof nodeIncidentKinds)[number];

/** These end when the cause does; of the others each occurrence is over at once. */
export const lastingKinds: readonly NodeIncidentKind[] = ['silent', 'blind', 'clock', 'flood'];

/** An hour without another occurrence, and the row is closed: the next one is another incident. */
export const quietMs = 3_600_000;
/** Beyond it an order of 60 s (core/make-order.ts) may be dead, or not yet alive, when it arrives. */
const clockOffMs = 30_000;
/** As many as the agent itself sends ahead (uplink-grpc): what waits beyond them waits for us. */
const behindRecords = 1024;
/** What has said nothing for so long is taken for gone: nodes are replaced, and nobody tells. */
export const goneMs = 7 * 24 * 3_600_000;

export type NodeState = 'present' | 'behind' | 'restored' | 'blind' | 'silent';

export interface NodeFacts {
  readonly connected: boolean;
  /** ms: when anything was last heard of it. */
  readonly heard: number;
  readonly blind: boolean;
  /** Records that wait in its spool, by its last two heartbeats. */
  readonly waiting: readonly [before: number, now: number];
  /** Whether something is missing since a restore, and not long ago. */
  readonly restored: boolean;
}

/** The gravest that holds: whoever is silent says nothing about the rest. */
export function nodeState(facts: NodeFacts, now: number, silentAfterMs: number): NodeState {
  if (now - facts.heard >= silentAfterMs) return 'silent';
  if (facts.blind) return 'blind';
  if (facts.restored) return 'restored';
  // Two in a row: one is a burst.
  if (facts.waiting.every((records) => records > behindRecords)) return 'behind';
  return 'present';
}

/** What one heartbeat says of the agent's clock. @returns ms that it is ahead of ours; 0 while it is near enough */
export function clockOff(beatUs: number, now: number, wasOff: boolean): number {
  const ahead = Math.round(beatUs / 1000 - now);
  // Once off it has to come nearer before it is right: a clock at the limit must not open and close a row at each beat.
  const limit = wasOff ? clockOffMs / 2 : clockOffMs;
  return Math.abs(ahead) > limit ? ahead : 0;
}
