import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { ContainerRef, Event } from '../../fingerprint/event.ts';
import { formatEvent } from '../../fingerprint/event-json.ts';
import type { Watch } from '../e2e/support/sensor-rig.ts';
import type { Pod } from './pod.ts';

/** Whose events are kept: containers, and the cgroup of each. */
export interface Recorded {
  readonly containers: readonly ContainerRef[];
  readonly environment: Pick<Pod['environment'], 'cgroup'>;
}

/** What the sensor saw of a pod's containers, and of nothing else on the machine. */
export async function eventsOf(watch: Watch, pod: Recorded): Promise<Event[]> {
  // The sensor delivers within a quarter of a second; the cgroup's removal comes last.
  await sleep(1000);
  const paths = new Map(pod.containers.map((ref) => [pod.environment.cgroup(ref.id), ref]));
  const groups = groupsOf(watch.events, paths);
  const entered = new Set<string>();
  for (const e of watch.events) if (e.kind === 'attach' && groups.has(e.to)) entered.add(keyOf(e));
  return watch.events.flatMap((event) => {
    if (isRoot(event) || (isBefore(event) && entered.has(keyOf(event)))) return [event];
    const ref = groups.get(groupOf(event));
    if (ref === undefined) return [];
    return [says.has(event.kind) ? { ...event, container: ref } : event];
  });
}

/** Who it is need not stand in every line: once for a cgroup and for whatever enters or starts there. */
const says: ReadonlySet<Event['kind']> = new Set(['cgroup', 'attach', 'exec']);

const keyOf = (e: Event): string => `${e.process.pid}@${e.process.start}`;

/** The runtime's own start, before it enters the container: by it the prologue is told. */
const isBefore = (e: Event): boolean => e.kind === 'exec' && e.cgroup === 1;

/** That the runtime's own cgroup is nobody's container must be known. */
const isRoot = (e: Event): boolean => e.kind === 'cgroup' && e.path === '/';

function groupsOf(
  events: readonly Event[],
  paths: ReadonlyMap<string, ContainerRef>,
): Map<number, ContainerRef> {
  const groups = new Map<number, ContainerRef>();
  for (const e of events) {
    if (e.kind !== 'cgroup' || e.action === 'removed') continue;
    for (const [path, ref] of paths)
      if (e.path === path || e.path.startsWith(`${path}/`)) groups.set(e.id, ref);
  }
  return groups;
}

function groupOf(event: Event): number {
  if (event.kind === 'cgroup') return event.id;
  if (event.kind === 'attach') return event.to;
  return event.cgroup ?? 0;
}

export function packed(events: readonly Event[]): Buffer {
  return gzipSync(events.map((e) => `${JSON.stringify(formatEvent(e))}\n`).join(''), { level: 9 });
}
