import type { ApprovalScope, ApprovedFingerprint } from './approval.ts';
import { modes } from './verdict.ts';
import type { VerifiedApproval } from './verify-approval.ts';
import type { Workload } from './workload.ts';

/** Of what runs on a node outside any cluster. */
const hostNamespace = 'host';

/** One decision, and the document it stands in. */
export interface Ruling {
  readonly item: ApprovedFingerprint;
  readonly approval: VerifiedApproval;
}

/**
 * Of all decisions that are about something and hold for a workload the one that rules: the one that says most about whom
 * it is for; among equals the one that allows least.
 */
export function rulingItem(
  approvals: readonly VerifiedApproval[],
  workload: Workload | undefined,
  isAbout: (item: ApprovedFingerprint) => boolean,
): Ruling | undefined {
  const rulings = approvals.flatMap((approval) =>
    approval.approval.items
      .filter((item) => isAbout(item) && holdsFor(item.scope, workload))
      .map((item) => ({ item, approval })),
  );
  return rulings.sort(compareRulings)[0];
}

/** Whether a scope takes in a workload; who is not known is in none. */
export function holdsFor(scope: ApprovalScope | undefined, workload: Workload | undefined): boolean {
  if (scope === undefined) return true;
  if (workload === undefined) return false;
  const { cluster, namespace } = workload;
  return (
    (scope.clusters?.includes(cluster) ?? true) &&
    (scope.namespaces?.includes(namespace) ?? true) &&
    (scope.owners?.some((o) => isOwner(o, workload)) ?? true)
  );
}

/** A bare owner is one of the node's own: in a cluster every tenant may have a `Deployment/cart`. */
function isOwner(named: string, { namespace, owner }: Workload): boolean {
  return named === `${namespace}/${owner}` || (namespace === hostNamespace && named === owner);
}

function compareRulings(a: Ruling, b: Ruling): number {
  return (
    specificity(b.item.scope) - specificity(a.item.scope) ||
    modes.indexOf(a.item.mode) - modes.indexOf(b.item.mode) ||
    (a.approval.digest < b.approval.digest ? -1 : 1)
  );
}

/** An owner says more than all namespaces and clusters together, a namespace more than a cluster. */
function specificity(scope: ApprovalScope | undefined): number {
  if (scope === undefined) return 0;
  const { owners, namespaces, clusters } = scope;
  return (
    (owners === undefined ? 0 : 4) + (namespaces === undefined ? 0 : 2) + (clusters === undefined ? 0 : 1)
  );
}
