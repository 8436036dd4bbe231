import type { ProcessRef } from './event.ts';

/** What the ladder can do, mildest first (DESIGN §7). */
export const stopActions = ['hold', 'kill-subtree', 'freeze', 'kill'] as const;
export type StopAction = (typeof stopActions)[number];

/** What an order can name. `resume` undoes hold and freeze; `release` undoes `quarantine`, which cuts a copy's network. */
export const actions = [...stopActions, 'resume', 'quarantine', 'release'] as const;
export type Action = (typeof actions)[number];

/** The target is named by what cannot be reused: instance id and (pid, start), checked again on the node. */
export interface OrderTarget {
  readonly node: string;
  readonly instance: string;
  readonly process: ProcessRef;
  readonly incident: string;
}

/** Payload of a signed command (DSSE `application/vnd.whorl.command.v1+json`). Bound so that it can be used once. */
export interface Order {
  readonly id: string;
  readonly action: Action;
  /** 128-bit hex nonce the agent made for this stream. */
  readonly session: string;
  /** Larger than every earlier one of the session. */
  readonly seq: number;
  readonly target: OrderTarget;
  /** Whether the copy as a whole may end by it; absent, as in orders of earlier releases: it may. */
  readonly mayEnd?: boolean;
  readonly reason: string;
  /** RFC 3339; at most 60 s apart. */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

export const receiptResults = [
  'done',
  'refused-signature',
  'refused-session',
  'refused-sequence',
  'refused-expired',
  'refused-node',
  'refused-no-drift',
  'refused-protected',
  'refused-rate',
  'target-gone',
  /** Nothing on this node can do that. */
  'unsupported',
  'failed',
] as const;
export type ReceiptResult = (typeof receiptResults)[number];

/** Why something was stopped: an order, or the agent's own decision, for the first time or because it came back. */
export const receiptCauses = ['order', 'lease', 'restop'] as const;
export type ReceiptCause = (typeof receiptCauses)[number];

/** What became of an order, told once and repeated unchanged when the order is repeated; or of a stop without one. */
export interface Receipt {
  /** Of a stop that nobody ordered `lease:<lease id>:<incident id>`, from its second on with `:<n>`: unique per stop. */
  readonly order: string;
  readonly incident: string;
  /** Absent: an order. */
  readonly cause?: ReceiptCause;
  /** The lease that allowed it; absent where none did (an order, or a hold until somebody decides). */
  readonly lease?: string;
  readonly result: ReceiptResult;
  /** The step of the ladder that did it. */
  readonly action?: Action;
  /** Pids that were stopped. */
  readonly stopped: readonly number[];
  /** µs from the event in the kernel to its verdict, and to the moment the target was seen stopped. */
  readonly eventToVerdictUs?: number;
  readonly eventToStoppedUs?: number;
  readonly evidence?: string;
  readonly detail?: string;
}
