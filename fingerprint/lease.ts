import type { Response } from './response.ts';
import type { Mode } from './verdict.ts';

/** How far a lease lets an agent go by itself. */
export const leaseModes = ['freeze', 'kill'] as const satisfies readonly Mode[];
export type LeaseMode = (typeof leaseModes)[number];

/**
 * Payload of a signed lease (DSSE `application/vnd.whorl.lease.v1+json`): the collector sets a part of its budget aside for
 * one workload on one node, so that a stop there need not ask first. It names nothing to be stopped: what has not drifted
 * in the agent's own eyes, or goes further than a person approved, no lease stops.
 */
export interface Lease {
  readonly id: string;
  /** 128-bit hex nonce of the agent's start: worth nothing after the next. */
  readonly session: string;
  /** Leases have a count of their own: larger than that of every earlier lease of the session. */
  readonly seq: number;
  readonly node: string;
  /** `workloadHash`: 64 lower-case hex digits. */
  readonly workload: string;
  /** Causes that may be killed for. 0 takes back what is left of earlier leases for the workload. */
  readonly stops: number;
  /** How many of them may end a whole copy; at most `stops`. */
  readonly ends: number;
  /** What the site wishes for this workload. Also what a hold goes by when the lease is over. */
  readonly response: Response;
  readonly maxMode: LeaseMode;
  /** RFC 3339; at most 60 s apart. */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** Rules of one response: a site has a handful for one workload. */
export const maxLeaseRules = 64;
/** Stops in one lease: a thousand times what any budget allows, and small enough to be added up. */
export const maxLeaseStops = 10_000;
