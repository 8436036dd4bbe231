import { describe, expect, it } from 'vitest';
import { ownerOf, podMeta } from './owner.ts';

const controlledBy = (apiVersion: string, kind: string, name: string): object => ({
  ownerReferences: [
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'beside', uid: 'u0' },
    { apiVersion, kind, name, uid: 'u1', controller: true, blockOwnerDeletion: true },
  ],
});
const labelled = (labels: object): object => ({ labels });
/** 2026-11-20T10:00:00Z in minutes and in seconds since the epoch. */
const [minutes, seconds] = [29_919_480, 1_795_168_800];
const created = (creationTimestamp: string): object => ({ creationTimestamp });

const owner = (metadata: object, name = 'p', node: string | undefined = 'node-1'): string =>
  ownerOf(podMeta({ ...metadata }, name, node));

describe('the owner of a pod', () => {
  it.each<[string, object, string]>([
    [
      'a replica set of a deployment',
      {
        ...controlledBy('apps/v1', 'ReplicaSet', 'cart-7d9f8b6c5'),
        ...labelled({ 'pod-template-hash': '7d9f8b6c5' }),
      },
      'Deployment/cart',
    ],
    [
      'one of a deployment with a hyphenated name, by an old API',
      {
        ...controlledBy('extensions/v1beta1', 'ReplicaSet', 'cart-v2-7d9f8b6c5'),
        ...labelled({ 'pod-template-hash': '7d9f8b6c5' }),
      },
      'Deployment/cart-v2',
    ],
    ['a replica set of its own', controlledBy('apps/v1', 'ReplicaSet', 'cart'), 'ReplicaSet/cart'],
    [
      'a replica set whose label is another one’s',
      { ...controlledBy('apps/v1', 'ReplicaSet', 'cart'), ...labelled({ 'pod-template-hash': '7d9f8b6c5' }) },
      'ReplicaSet/cart',
    ],
    [
      'a replica set that is nothing but the hash',
      { ...controlledBy('apps/v1', 'ReplicaSet', 'abc'), ...labelled({ 'pod-template-hash': 'abc' }) },
      'ReplicaSet/abc',
    ],
    [
      'a replica set of another group',
      {
        ...controlledBy('example.io/v1', 'ReplicaSet', 'cart-abc'),
        ...labelled({ 'pod-template-hash': 'abc' }),
      },
      'ReplicaSet.example.io/cart-abc',
    ],
    [
      'a rollout',
      {
        ...controlledBy('apps/v1', 'ReplicaSet', 'cart-6c5'),
        ...labelled({ 'rollouts-pod-template-hash': '6c5' }),
      },
      'Rollout.argoproj.io/cart',
    ],
    ['a stateful set', controlledBy('apps/v1', 'StatefulSet', 'db'), 'StatefulSet/db'],
    ['a daemon set', controlledBy('apps/v1', 'DaemonSet', 'agent'), 'DaemonSet/agent'],
    [
      'a daemon set of another group',
      controlledBy('apps.kruise.io/v1', 'DaemonSet', 'agent'),
      'DaemonSet.apps.kruise.io/agent',
    ],
    [
      'a job',
      { ...controlledBy('batch/v1', 'Job', 'migrate'), ...created('2026-11-20T10:00:01Z') },
      'Job/migrate',
    ],
    [
      'a run of a cron job',
      { ...controlledBy('batch/v1', 'Job', `backup-${minutes}`), ...created('2026-11-20T10:00:01Z') },
      'CronJob/backup',
    ],
    [
      'one that had to wait for a day',
      { ...controlledBy('batch/v1', 'Job', `backup-${minutes}`), ...created('2026-11-21T10:00:00Z') },
      'CronJob/backup',
    ],
    [
      'one before Kubernetes 1.21',
      { ...controlledBy('batch/v1', 'Job', `backup-${seconds}`), ...created('2026-11-20T10:00:04Z') },
      'CronJob/backup',
    ],
    [
      'a job whose number is no time of now',
      { ...controlledBy('batch/v1', 'Job', 'import-12345678'), ...created('2026-11-20T10:00:01Z') },
      'Job/import-12345678',
    ],
    [
      'a job whose number is a time to come',
      { ...controlledBy('batch/v1', 'Job', `import-${minutes + 60}`), ...created('2026-11-20T10:00:01Z') },
      'Job/import-29919540',
    ],
    [
      'a job made nobody knows when',
      controlledBy('batch/v1', 'Job', `backup-${minutes}`),
      `Job/backup-${minutes}`,
    ],
    [
      'a replication controller',
      controlledBy('v1', 'ReplicationController', 'old'),
      'ReplicationController/old',
    ],
    [
      'a deployment of OpenShift',
      {
        ...controlledBy('v1', 'ReplicationController', 'cart-12'),
        annotations: { 'openshift.io/deployment-config.name': 'cart' },
      },
      'DeploymentConfig.apps.openshift.io/cart',
    ],
    [
      'a replication controller that says so of another one',
      {
        ...controlledBy('v1', 'ReplicationController', 'till-12'),
        annotations: { 'openshift.io/deployment-config.name': 'cart' },
      },
      'ReplicationController/till-12',
    ],
    [
      'whatever controls it',
      controlledBy('argoproj.io/v1alpha1', 'Workflow', 'etl-x'),
      'Workflow.argoproj.io/etl-x',
    ],
    ['nobody', {}, 'Pod/p'],
    [
      'nobody who controls it',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x' }] },
      'Pod/p',
    ],
  ])('is %s', (_name, metadata, expected) => expect(owner(metadata)).toBe(expected));

  it.each<[string, object, string | undefined, string]>([
    ['etcd-node-1', controlledBy('v1', 'Node', 'node-1'), 'node-1', 'StaticPod/etcd'],
    ['etcd', controlledBy('v1', 'Node', 'node-1'), 'node-1', 'StaticPod/etcd'],
    ['-node-1', controlledBy('v1', 'Node', 'node-1'), 'node-1', 'StaticPod/-node-1'],
    ['run-x2x4z', { generateName: 'run-' }, 'node-1', 'Pod/run'],
    ['run', { generateName: 'other-' }, 'node-1', 'Pod/run'],
    ['run', { generateName: '-' }, undefined, 'Pod/run'],
  ])('of %s with %j is the same on every node and for every copy', (name, metadata, node, expected) =>
    expect(owner(metadata, name, node)).toBe(expected),
  );

  it.each<[string, unknown]>([
    ['no list', 'x'],
    ['a list of something else', [1, null, 'x', []]],
    ['not true', [{ apiVersion: 'v1', kind: 'X', name: 'x', controller: 'true' }]],
    ['without a kind', [{ apiVersion: 'v1', name: 'x', controller: true }]],
    ['with a kind that is none', [{ apiVersion: 'v1', kind: 'X/Y', name: 'x', controller: true }]],
    ['with a name that is none', [{ apiVersion: 'v1', kind: 'X', name: 'a/b\n', controller: true }]],
    ['with a group that is none', [{ apiVersion: '../v1', kind: 'X', name: 'x', controller: true }]],
    ['of other types', [{ apiVersion: 1, kind: {}, name: [], controller: true }]],
  ])('is nobody when the references are %s', (_name, ownerReferences) =>
    expect(owner({ ownerReferences })).toBe('Pod/p'),
  );

  it('is not taken from what every object inherits', () => {
    const metadata = {
      ...controlledBy('apps/v1', 'ReplicaSet', 'cart-x'),
      labels: Object.create({ 'pod-template-hash': 'x' }),
    };
    expect(owner(metadata)).toBe('ReplicaSet/cart-x');
  });
});
