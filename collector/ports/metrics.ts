import type { Severity } from '../../fingerprint/incident.ts';
import type { Action, ReceiptResult } from '../../fingerprint/order.ts';
import { type BrakeReason, brakeReasons } from '../core/brake-limits.ts';
import type { Answered } from './api.ts';

export { type BrakeReason, brakeReasons };

/** What is counted as it happens. Only words of closed lists: a label's values must not be up to the watched world. */
export interface Meter {
  incident(severity: Severity): void;
  order(action: Action): void;
  receipt(result: ReceiptResult): void;
  brake(reason: BrakeReason): void;
  answered(answered: Answered): void;
}

/** Of the audit log and of the notices. */
export interface TellingLevels {
  readonly auditEntries: number;
  /** 1: the log is not what it was, and nothing is signed until a person accepts that. */
  readonly auditMismatch: number;
  readonly auditSinksFailing: number;
  /** Sinks whose last delivery failed; those that a person paused or that want nothing any more are stopped. */
  readonly notifySinksFailing: number;
  readonly notifySinksStopped: number;
  readonly notifyWaiting: number;
  /** Given up until a person has them sent again, and for good. */
  readonly notifyDead: number;
  readonly notifyDropped: number;
}

/** What is looked up when somebody asks. */
export interface Levels extends TellingLevels {
  readonly agentsConnected: number;
  /** Of all agents, since their first start: records that are stored, were refused, were lost before they came. */
  readonly recordsStored: number;
  readonly recordsRefused: number;
  readonly recordsMissing: number;
  readonly storeRetries: number;
  /** Questions that wait for the database. */
  readonly storeWaiting: number;
  readonly reactionsWaiting: number;
  readonly reactionsDropped: number;
  readonly eventFollowers: number;
}
