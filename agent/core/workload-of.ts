import type { ContainerRef } from '../../fingerprint/event.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { InstanceRecord } from './instances.ts';

/**
 * The workload of an instance, from what its runtime says. Undefined without a digest: software nobody can name exactly
 * is not learned under a guess. Names come from labels and file systems: made printable, so that they join unambiguously.
 */
export function workloadOf(
  ref: ContainerRef,
  instance: InstanceRecord,
  cluster: string,
): Workload | undefined {
  if (ref.digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(ref.digest)) return undefined;
  const fallback = ownerName(instance);
  return {
    cluster,
    namespace: printable(ref.namespace ?? 'host'),
    owner: printable(ref.owner ?? fallback),
    container: printable(ref.name ?? 'main'),
    role: 'main',
    subject: { name: printable(repositoryOf(ref.image ?? fallback)), digest: ref.digest },
  };
}

/** A tag is a label that moves: the digest says what runs, the repository what it is called. A port is no tag. */
function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

function ownerName({ owner, id }: InstanceRecord): string {
  return owner.kind === 'group' ? id : owner.owner;
}
