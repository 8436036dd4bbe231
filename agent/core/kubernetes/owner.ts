import { parseTime } from '../../../fingerprint/time.ts';
import { type Fields, fieldsOf, listOf, member, textOf } from './fields.ts';

/** What says whose a pod is. */
export interface PodMeta {
  readonly name: string;
  readonly generateName: string | undefined;
  readonly labels: Fields;
  readonly annotations: Fields;
  readonly ownerReferences: unknown;
  readonly nodeName: string | undefined;
  /** µs since the Unix epoch. */
  readonly createdAt: number | undefined;
}

interface Controller {
  /** Without version; empty for Kubernetes' first kinds. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** Kinds of these are called by their name alone; a kind of any other group could be called `Deployment` too. */
const ownGroups = new Set(['', 'apps', 'batch', 'extensions']);
/** Of a label or annotation that its controller puts on pods, and on nobody else's, and what its bearer belongs to. */
const hashed: readonly { readonly label: string; readonly kind: string }[] = [
  { label: 'pod-template-hash', kind: 'Deployment' },
  { label: 'rollouts-pod-template-hash', kind: 'Rollout.argoproj.io' },
];

const kindForm = /^[A-Z][A-Za-z0-9]{0,62}$/;
const nameForm = /^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/;
const groupForm = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * The owner that a person would name: `Deployment/cart`, never the replica set of the day or the run of the hour. Read
 * from the pod alone, so that the agent needs no right to read anything else; where that is not enough to climb further
 * (a Job somebody named, a controller unknown to us), the controller itself is the owner.
 */
export function ownerOf(pod: PodMeta): string {
  const controller = controllerOf(pod.ownerReferences);
  if (controller === undefined) return `Pod/${stem(pod)}`;
  const { group, kind, name } = controller;
  if (group === '' && kind === 'Node') return `StaticPod/${withoutNode(pod)}`;
  if (kind === 'ReplicaSet' && ownGroups.has(group)) return ofReplicaSet(name, pod.labels);
  if (kind === 'Job' && group === 'batch') return ofJob(name, pod.createdAt);
  if (kind === 'ReplicationController' && group === '') return ofReplicationController(name, pod.annotations);
  return `${ownGroups.has(group) ? kind : `${kind}.${group}`}/${name}`;
}

function controllerOf(references: unknown): Controller | undefined {
  const found = listOf(references).find((reference) => reference.controller === true);
  if (found === undefined) return undefined;
  const [kind, name, version] = [textOf(found.kind), textOf(found.name), textOf(found.apiVersion)];
  if (kind === undefined || name === undefined || version === undefined) return undefined;
  const group = version.includes('/') ? version.slice(0, version.indexOf('/')) : '';
  const isWellFormed = kindForm.test(kind) && nameForm.test(name) && (group === '' || groupForm.test(group));
  return isWellFormed ? { group, kind, name } : undefined;
}

/** A deployment names its replica sets by itself and the hash that it puts on their pods. */
function ofReplicaSet(name: string, labels: Fields): string {
  for (const { label, kind } of hashed) {
    const hash = textOf(member(labels, label));
    if (hash !== undefined && name.endsWith(`-${hash}`) && name.length > hash.length + 1)
      return `${kind}/${name.slice(0, -hash.length - 1)}`;
  }
  return `ReplicaSet/${name}`;
}

const minuteUs = 60_000_000;
/** A run that waited for room may begin later than it was due; a week is longer than anybody lets one wait. */
const longestWaitUs = 7 * 24 * 60 * minuteUs;
const clockSkewUs = 5 * minuteUs;

/**
 * A CronJob names its runs by itself and when they were due, in minutes since the epoch (before Kubernetes 1.21 in
 * seconds). A name that ends in a number is a run only if that time is about when its pod was made.
 */
function ofJob(name: string, createdAt: number | undefined): string {
  const [, cronJob, number = ''] = /^(.+)-(\d{8,10})$/.exec(name) ?? [];
  if (cronJob === undefined || createdAt === undefined) return `Job/${name}`;
  const dueAt = Number(number) * (number.length === 10 ? 1_000_000 : minuteUs);
  const isRun = createdAt >= dueAt - clockSkewUs && createdAt <= dueAt + longestWaitUs;
  return isRun ? `CronJob/${cronJob}` : `Job/${name}`;
}

/** OpenShift's DeploymentConfig makes a replication controller for each rollout, and says so on the pods. */
function ofReplicationController(name: string, annotations: Fields): string {
  const config = textOf(member(annotations, 'openshift.io/deployment-config.name'));
  const isItsOwn = config !== undefined && nameForm.test(config) && /^-\d+$/.test(name.slice(config.length));
  return isItsOwn && name.startsWith(config)
    ? `DeploymentConfig.apps.openshift.io/${config}`
    : `ReplicationController/${name}`;
}

/** kubelet appends the node's name to the name in the file: a static pod is the same on every node. */
function withoutNode({ name, nodeName }: PodMeta): string {
  const suffix = `-${nodeName ?? ''}`;
  return nodeName !== undefined && name.endsWith(suffix) && name.length > suffix.length
    ? name.slice(0, -suffix.length)
    : name;
}

/** Without what the API drew for it. */
function stem({ name, generateName }: PodMeta): string {
  const given = generateName?.replace(/-+$/, '');
  return given !== undefined && given !== '' && name.startsWith(given) ? given : name;
}

export function podMeta(metadata: Fields, name: string, nodeName: string | undefined): PodMeta {
  return {
    name,
    generateName: textOf(metadata.generateName),
    labels: fieldsOf(metadata.labels),
    annotations: fieldsOf(metadata.annotations),
    ownerReferences: metadata.ownerReferences,
    nodeName,
    createdAt: parseTime(textOf(metadata.creationTimestamp) ?? ''),
  };
}
