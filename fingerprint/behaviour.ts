import type { Access, Origin, Privilege, Transport } from './event.ts';

/**
 * How a process tree came into the container. `entrypoint` the container's own start; `probe` a command of the pod
 * spec; `interactive` entered later from outside (exec, attach, nsenter); `found` was there before the agent.
 */
export const roots = ['entrypoint', 'probe', 'interactive', 'found'] as const;
export type Root = (typeof roots)[number];

/**
 * Which program acted: the executables from the root down to the one that runs now, forks folded (a fork inherits its
 * program). Bounded to `maxLineage`; only the last three decide (docs/format.md, programs), the rest is for people.
 */
export interface Actor {
  readonly root: Root;
  readonly lineage: readonly string[];
}
export const maxLineage = 16;

/** One normalised, attributed, generalised observation: what is learned and what is judged. */
export type Behaviour = Actor &
  (
    | {
        readonly kind: 'exec';
        readonly args: readonly string[];
        readonly origin?: Origin;
        /** Names of loader or interpreter hooks that were set. */
        readonly env?: readonly string[];
      }
    | { readonly kind: 'load'; readonly path: string; readonly origin?: Origin }
    | {
        readonly kind: 'open';
        readonly path: string;
        readonly access: Access;
        /** Reads of `image` files are judged by class, names on a `volume` may become a data directory. */
        readonly origin?: Origin;
      }
    | { readonly kind: 'link'; readonly path: string; readonly target: string }
    | { readonly kind: 'delete'; readonly path: string }
    | { readonly kind: 'rename'; readonly path: string; readonly to: string }
    | {
        readonly kind: 'connect';
        readonly transport: Transport;
        /** DNS name, service name, socket path, `localhost` for loopback, or the bare address when nothing named it. */
        readonly peer: string;
        /** True when `peer` is an address that no answer, service or address book names: alert at most. */
        readonly unnamed?: true;
        /** True when a public name answered an address inside: loopback, link-local, metadata or private space. */
        readonly inward?: true;
        /** 0 for unix sockets; -1 for an ephemeral port. */
        readonly port: number;
      }
    | { readonly kind: 'listen'; readonly transport: Transport; readonly port: number }
    | {
        readonly kind: 'resolve';
        readonly name: string;
        /** True for the answer to it, when the name is public and the address inside. */
        readonly inward?: true;
      }
    | { readonly kind: 'privilege'; readonly privilege: Privilege; readonly detail?: string }
  );

export type BehaviourOf<K extends Behaviour['kind']> = Extract<Behaviour, { kind: K }>;
