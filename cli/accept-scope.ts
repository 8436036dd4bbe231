import type { Scope } from '../fingerprint/fingerprint.ts';
import { printable } from '../fingerprint/printable.ts';
import { scopeOf } from '../fingerprint/scope.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { CliError, exitCodes } from './exit.ts';

interface Given {
  readonly incident?: string;
  readonly everywhere?: boolean;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly owner?: string;
}

/**
 * Whose copies are granted what was observed: those it was observed at. A recording does not know its cluster, so a
 * person says it; wider than one owner is another choice, made in so many words.
 */
export function acceptScope(base: VerifiedFingerprint, workload: Workload, given: Given): Scope | undefined {
  if (given.everywhere === true || base.fingerprint.scope !== undefined) return undefined;
  const seen = scopeOf(workload);
  if (given.incident !== undefined) return seen;
  const { cluster, namespace = seen.namespace, owner = seen.owner } = given;
  if (cluster !== undefined) return { ...seen, cluster, namespace, owner };
  throw new CliError(
    exitCodes.usage,
    'the events do not say in which cluster it was observed',
    'give --cluster NAME, or --everywhere to grant it to all copies of the image',
  );
}

export function scopeSentence({ fingerprint }: VerifiedFingerprint, scope: Scope | undefined): string {
  if (scope === undefined)
    return fingerprint.scope === undefined
      ? 'to all copies of the image, whoever runs them'
      : 'to the copies that the fingerprint is about';
  const { cluster, namespace, owner, container } = scope;
  return `to the copies of ${printable(`${namespace}/${owner}`, 300)}, container ${printable(container, 200)}, in cluster ${printable(cluster, 200)}`;
}
