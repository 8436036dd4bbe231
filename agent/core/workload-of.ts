import type { ContainerRef } from '../../fingerprint/event.ts';
import type { Substitutions } from '../../fingerprint/generalise.ts';
import { printable } from '../../fingerprint/printable.ts';
import { entryOf } from '../../fingerprint/scope.ts';
import type { Role, Workload } from '../../fingerprint/workload.ts';
import type { InstanceRecord } from './instances.ts';

/**
 * The workload of an instance, from what its runtime says. Undefined without a digest: software nobody can name exactly
 * is not learned under a guess. Names come from labels and file systems: made printable, so that they join unambiguously.
 */
export function workloadOf(
  ref: ContainerRef & { readonly role?: Role },
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
    role: ref.role ?? 'main',
    ...(ref.command === undefined ? {} : { entry: entryOf(ref.command, ownNames(ref, instance)) }),
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

/** A copy's own names in its command must not make each copy a service of its own. */
function ownNames({ pod, namespace }: ContainerRef, { id, owner }: InstanceRecord): Substitutions {
  const uid = owner.kind === 'container' ? owner.podUid : undefined;
  return {
    container: id,
    ...(pod === undefined ? {} : { pod }),
    ...(uid === undefined ? {} : { uid }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}
