import type { Workload } from '../../fingerprint/workload.ts';

/** Where nothing is to be stopped for a while. */
export type DisarmScope =
  | { readonly kind: 'cluster'; readonly cluster: string }
  | { readonly kind: 'namespace'; readonly cluster: string; readonly namespace: string }
  | {
      readonly kind: 'workload';
      readonly cluster: string;
      readonly namespace: string;
      readonly owner: string;
    };

/** A person's word that nothing is stopped in a scope until a time. What is held stays held: it stops new acts only. */
export interface Disarm {
  readonly id: string;
  readonly scope: DisarmScope;
  readonly author: string;
  readonly reason: string;
  /** ms since the Unix epoch. */
  readonly since: number;
  readonly until: number;
}

/** A disarmed place that everybody forgot is an open one: beyond a day somebody has to say it again. */
export const maxDisarmMs = 24 * 3_600_000;

export function covers(scope: DisarmScope, workload: Workload): boolean {
  if (scope.cluster !== workload.cluster) return false;
  switch (scope.kind) {
    case 'cluster':
      return true;
    case 'namespace':
      return scope.namespace === workload.namespace;
    case 'workload':
      return scope.namespace === workload.namespace && scope.owner === workload.owner;
  }
}

/** Of those that overlap the one that lasts longest: it is the answer to "until when". */
export function disarmOver(disarms: readonly Disarm[], workload: Workload, now: number): Disarm | undefined {
  return disarms
    .filter((d) => d.until > now && covers(d.scope, workload))
    .reduce<Disarm | undefined>(
      (longest, d) => (longest === undefined || d.until > longest.until ? d : longest),
      undefined,
    );
}

/** For people: `cluster local`, `namespace shop of cluster local`, `Deployment/cart in namespace shop of cluster local`. */
export function scopeText(scope: DisarmScope): string {
  switch (scope.kind) {
    case 'cluster':
      return `cluster ${scope.cluster}`;
    case 'namespace':
      return `namespace ${scope.namespace} of cluster ${scope.cluster}`;
    case 'workload':
      return `${scope.owner} in namespace ${scope.namespace} of cluster ${scope.cluster}`;
  }
}
