/**
 * Fields of an event that are read (agent/core/hotpath/tracee-raw.ts), as paths of its own names; the others are a
 * quarter of its bytes. `data` has the arguments of every event, and no path goes into a list.
 */
const read: readonly string[] = [
  'timestamp',
  'name',
  'workload.process.unique_id',
  'workload.process.host_pid',
  'workload.process.thread.start_time',
  'workload.process.thread.host_tid',
  'workload.process.ancestors',
  'workload.container',
  'workload.k8s',
  'data',
  'threat',
];

/**
 * What to ask a release for; empty: everything. Up to v0.24.1 each stream gets copies, and a mask is its own; in what
 * comes after, all streams share one event, and the mask of one client takes fields from the others. Before v0.22.5 the
 * fields were called otherwise. Only plain releases are believed: `v0.24.1-93-g1a2b3c4` is what comes after it.
 */
export function maskFor(version: string): readonly string[] {
  const [, major, minor, patch] = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(version) ?? [];
  if (patch === undefined) return [];
  const release = (Number(major) * 10_000 + Number(minor)) * 10_000 + Number(patch);
  return release >= 22_0005 && release <= 24_0001 ? read : [];
}
