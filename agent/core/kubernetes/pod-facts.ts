import { parseTime } from '../../../fingerprint/time.ts';
import { type Fields, fieldsOf, listOf, member, textOf } from './fields.ts';
import { ownerOf, podMeta } from './owner.ts';
import { type PodContainer, podContainers } from './pod-containers.ts';

/** What of a pod says whose its containers are. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** What kubelet calls a pod from a file of its own; its runtime and cgroups know only this. */
  readonly fileUid: string | undefined;
  /** Grows with each change; opaque by its API, a number in every server there is. */
  readonly version: string | undefined;
  readonly node: string | undefined;
  readonly owner: string;
  readonly containers: ReadonlyMap<string, PodContainer>;
  /** µs since the Unix epoch when kubelet took it on. */
  readonly startedAt: number | undefined;
  /** It ended for good, or was never let in: the API keeps it, and nothing of it runs any more. */
  readonly isOver: boolean;
}

/** Names and uids are at most this long; the API refuses longer ones. */
const maxName = 253;

/** @returns undefined when it is no pod, or one without what every pod has */
export function podFacts(pod: unknown): PodFacts | undefined {
  const { metadata: meta, spec: told, status: state } = fieldsOf(pod);
  const [metadata, spec, status] = [fieldsOf(meta), fieldsOf(told), fieldsOf(state)];
  const [name, namespace, uid] = [nameOf(metadata.name), nameOf(metadata.namespace), nameOf(metadata.uid)];
  if (name === undefined || namespace === undefined || uid === undefined) return undefined;
  if (listOf(spec.containers).length === 0) return undefined;
  const node = nameOf(spec.nodeName);
  const annotations = fieldsOf(metadata.annotations);
  return {
    namespace,
    name,
    uid,
    fileUid: fileUidOf(annotations),
    version: nameOf(metadata.resourceVersion),
    node,
    owner: ownerOf(podMeta(metadata, name, node)),
    containers: podContainers(spec, status),
    startedAt: parseTime(textOf(status.startTime) ?? ''),
    isOver: status.phase === 'Succeeded' || status.phase === 'Failed',
  };
}

/** Only of mirror pods: kubelet itself is what makes them, and the API lets nobody else say so of another node. */
function fileUidOf(annotations: Fields): string | undefined {
  const isMirror = textOf(member(annotations, 'kubernetes.io/config.mirror')) !== undefined;
  const hash = nameOf(member(annotations, 'kubernetes.io/config.hash'));
  return isMirror ? hash : undefined;
}

function nameOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && text.length <= maxName ? text : undefined;
}
