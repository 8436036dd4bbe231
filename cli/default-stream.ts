import type { Baseline } from '../fingerprint/fingerprint.ts';

/**
 * The sequence whose versions are counted when nobody names one: the repository, with the owner where there is a scope.
 * Versions of one owner's copies must not stand in the way of another's.
 */
export function defaultStream({ subject, scope }: Baseline, image?: string): string {
  const repository = image === undefined ? subject.name : (image.split('@', 1)[0] ?? subject.name);
  if (scope === undefined) return repository;
  const { cluster, namespace, owner, container, role } = scope;
  return [repository, cluster, namespace, owner, container, role].join('#');
}
