import type { Behaviour } from './behaviour.ts';
import type { CanaryAct } from './canary.ts';
import type { CoverageWord } from './coverage.ts';
import type { Incident } from './incident.ts';
import type { Receipt } from './order.ts';
import type { Phase } from './phase.ts';
import type { Instance, Workload } from './workload.ts';

/** One line of a crontab: when, as it stands there, and what. */
export interface ScheduledCommand {
  readonly timing: string;
  readonly command: string;
}
/** Lines told of one copy: far more than a crontab has. */
export const maxSchedules = 64;

/**
 * What an agent tells its collector: spooled first, numbered, sent at least once, stored once.
 * JSON on disk and inside the wire's `bytes`, so that one strict parser serves both (fingerprint/report-json.ts).
 */
export type Report =
  | {
      /** A copy of a workload appeared or went away; `coverage` is what the source can see of it. */
      readonly type: 'instance';
      readonly workload: Workload;
      readonly instance: Instance;
      readonly state: 'started' | 'found' | 'exited';
      readonly coverage: readonly CoverageWord[];
      /** What its own crontabs say will happen; secrets in them are replaced as in arguments. */
      readonly schedules?: readonly ScheduledCommand[];
      readonly time: number;
    }
  | {
      /** A behaviour this agent had not yet seen of this workload. `index` is its place in this agent's dictionary. */
      readonly type: 'novelty';
      readonly workload: Workload;
      readonly instance: string;
      readonly index: number;
      readonly behaviour: Behaviour;
      /** Part of the copy's life in which it showed first. */
      readonly phase: Phase;
      readonly time: number;
    }
  | {
      /** Which entries of the dictionary this instance has shown in one phase of its life. */
      readonly type: 'support';
      readonly workload: Workload;
      readonly instance: string;
      /** Bit i = dictionary index i; base64, little-endian bits. */
      readonly seen: string;
      readonly phase: Phase;
      readonly since: number;
      readonly until: number;
      readonly events: number;
      readonly lost: number;
    }
  | { readonly type: 'incident'; readonly incident: Incident }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | {
      /** An incident that holds this word is about to come: whoever does not see it soon sees nothing of this node. */
      readonly type: 'canary';
      readonly nonce: string;
      readonly act: CanaryAct;
      /** Seconds until the next. */
      readonly period: number;
      readonly time: number;
    }
  | {
      readonly type: 'gap';
      readonly since: number;
      readonly until: number;
      readonly lost: number;
      readonly reason: string;
      readonly instance?: string;
    };
