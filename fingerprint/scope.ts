import { sha256Hex } from './digest.ts';
import type { ContainerRef } from './event.ts';
import type { Scope } from './fingerprint.ts';
import { generaliseArgs, type Substitutions } from './generalise.ts';
import type { Workload } from './workload.ts';

/** Whose copies a baseline was learned from. What one tenant's copy does never teaches another's (DESIGN §2.1). */
export function scopeOf({ subject: _whatRuns, ...scope }: Workload): Scope {
  return scope;
}

/**
 * Whether what was learned in this scope may judge the workload. Without a scope it was written for whoever runs the
 * image. The entrypoint tells two services of one image apart only where both sides know it.
 */
export function inScope(scope: Scope | undefined, workload: Workload): boolean {
  if (scope === undefined) return true;
  const { cluster, namespace, owner, container, role, entry } = scope;
  return (
    cluster === workload.cluster &&
    namespace === workload.namespace &&
    owner === workload.owner &&
    container === workload.container &&
    role === workload.role &&
    (entry === undefined || workload.entry === undefined || entry === workload.entry)
  );
}

/** Of several that may judge, the one that says most about whom it is for goes first. */
export function specificity(scope: Scope | undefined): number {
  if (scope === undefined) return 0;
  return scope.entry === undefined ? 1 : 2;
}

/** Whether what a recording says of the container contradicts the scope; what it leaves open contradicts nothing. */
export function isOfAnotherOwner(scope: Scope | undefined, container: ContainerRef | undefined): boolean {
  if (scope === undefined || container === undefined) return false;
  const { namespace = scope.namespace, owner = scope.owner } = container;
  return namespace !== scope.namespace || owner !== scope.owner;
}

/** An address in a command is the copy's own or a peer's of the day, and no two copies would have the same entry. */
const address = /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4})(?![\w.])/gi;

/** Which service of an image runs: `cart serve` and `cart worker` are not the same one. */
export function entryOf(command: readonly string[], known: Substitutions): string {
  const general = generaliseArgs(command, known).map((arg) => arg.replace(address, '{addr}'));
  return sha256Hex(new TextEncoder().encode(JSON.stringify(general))).slice(0, 16);
}
