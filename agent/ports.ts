import type { Canary } from '../fingerprint/canary.ts';
import type { Hold } from './ports/enforcer.ts';

export type { KnownEpoch } from './core/epoch.ts';
export type { NodeView, Place } from './core/normalise/node-view.ts';
export type { SourceNote } from './core/source-note.ts';
export type { Surroundings } from './core/surroundings.ts';

/** Why the agent does not start, or cannot go on, in a sentence for a person. */
export class AgentError extends Error {
  readonly code: 'data-dir' | 'control';
  constructor(code: AgentError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AgentError';
    this.code = code;
  }
}

/** Does what a canary is, in a cgroup of its own. */
export interface CanaryHand {
  /** Absolute below the mount. */
  readonly cgroupPath: string;
  /** As they are called, and as what they then run. The first does what is done by executing. */
  readonly shells: readonly { readonly called: string; readonly exe: string }[];
  draw(): Canary;
  /** Resolves when it was done. @throws the system's error */
  perform(canary: Canary): Promise<void>;
}

/** Who may ask a running agent on its own machine: the user it runs as. */
export interface Control {
  serve(handler: ControlHandler): Promise<void>;
  close(): Promise<void>;
}

export interface ControlHandler {
  /** Plain JSON. */
  status(): unknown;
  resume(which: 'all' | { readonly incident: string }): Promise<readonly Hold[]>;
}

/** Structured log for machines; core never logs. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
