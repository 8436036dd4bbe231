import type { ProcessRef } from './event.ts';

/** What the ladder can do, mildest first (DESIGN §7). `resume` undoes hold and freeze. */
export const actions = ['hold', 'kill-subtree', 'freeze', 'kill', 'resume'] as const;
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
  'failed',
] as const;
export type ReceiptResult = (typeof receiptResults)[number];

/** What became of an order, told once and repeated unchanged when the order is repeated. */
export interface Receipt {
  readonly order: string;
  readonly incident: string;
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
