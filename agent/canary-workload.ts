import type { Behaviour } from '../fingerprint/behaviour.ts';
import { canaryWorkload } from '../fingerprint/canary.ts';
import type { ContainerRef } from '../fingerprint/event.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { learn } from '../fingerprint/learn.ts';
import type { InForce } from './core/watched.ts';
import type { ContainerRuntime } from './ports/containers.ts';
import type { CanaryHand } from './ports.ts';

/** Says whose the canaries' cgroup is, to whoever asks the container runtimes. */
export function canaryRuntime(hand: Pick<CanaryHand, 'cgroupPath'>): ContainerRuntime {
  const { namespace, owner, container, subject } = canaryWorkload('');
  return {
    name: 'canary',
    identify: async (cgroupPath): Promise<ContainerRef | undefined> =>
      cgroupPath === hand.cgroupPath
        ? { id: cgroupPath, namespace, owner, name: container, image: subject.name, digest: subject.digest }
        : undefined,
  };
}

const anyDay = '2026-01-01T00:00:00Z';

/** The fingerprint in force for canaries: it knows the shells that do them, and nothing that they do. */
export function canaryFingerprint({ shells }: CanaryHand): InForce {
  const { subject } = canaryWorkload('');
  const [sh] = shells;
  const below = sh === undefined ? [] : startOf([sh.exe, sh.exe], [sh.called]);
  const behaviours = [...shells.flatMap(({ exe, called }) => startOf([exe], [called])), ...below];
  const baseline = learn(subject, behaviours, {
    coverage: ['connect', 'exec', 'open'],
    observation: {
      startedAt: anyDay,
      finishedAt: anyDay,
      source: 'whorl',
      events: 0,
      lost: 0,
      instances: [],
    },
  });
  const approval = { fingerprint: subject.digest, version: 1, signedBy: 'whorl', maxMode: 'alert' } as const;
  return { index: indexBehaviour(baseline), approval };
}

/** A shell starts, and reads its libraries and the locale. */
function startOf(lineage: readonly string[], args: readonly string[]): readonly Behaviour[] {
  const reads = ['/etc', '/usr', '/lib', '/lib64', '/bin', '/sbin', '/opt'].map((top): Behaviour => {
    return { root: 'entrypoint', lineage, kind: 'open', path: `${top}/x`, access: 'read', origin: 'image' };
  });
  return [{ root: 'entrypoint', lineage, kind: 'exec', args }, ...reads];
}
