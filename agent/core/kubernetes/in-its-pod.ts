import type { ContainerRef } from '../../../fingerprint/event.ts';
import type { Role } from '../../../fingerprint/workload.ts';
import type { InstanceRecord } from '../instances.ts';
import type { InPod, PodQuestion } from './pod-book.ts';

type Told = ContainerRef & { readonly role?: Role; readonly podUid?: string };

/** What to ask the API about an instance; undefined when it is in no pod. */
export function podQuestion(ref: Told, { id, owner }: InstanceRecord): PodQuestion | undefined {
  // The path is the kernel's word, labels are the runtime's.
  const uid = (owner.kind === 'container' ? owner.podUid : undefined) ?? ref.podUid;
  if (uid === undefined && (ref.namespace === undefined || ref.pod === undefined)) return undefined;
  const containerId = owner.kind === 'container' ? owner.containerId : id;
  return { containerId, uid, namespace: ref.namespace, pod: ref.pod, container: ref.name };
}

/**
 * What the runtime said, completed by the pod: whose it is, in which role, and what may enter it as a probe. Of the image
 * the runtime's word counts, since it alone tells which of an index's manifests runs; where it knew no image at all the
 * pod's status says which was pulled.
 */
export function inItsPod<T extends Told>(ref: T, { pod, container }: InPod): T {
  const digest =
    ref.image === undefined
      ? (container.running?.digest ?? ref.digest)
      : (ref.digest ?? container.running?.digest);
  const image = ref.image ?? container.image;
  return {
    ...ref,
    namespace: pod.namespace,
    pod: pod.name,
    name: container.name,
    owner: pod.owner,
    role: container.role,
    // Instead of the image's own health check: kubelet starts none that the pod does not name.
    probes: container.probes,
    ...(image === undefined ? {} : { image }),
    ...(digest === undefined ? {} : { digest }),
  };
}
