import type { Attributed } from './attributed.ts';
import { isProbe } from './entrance.ts';
import { type InstanceRecord, internActor } from './instances.ts';
import type { ProcessRecord } from './process-record.ts';

/** Which commands are probes the runtime told only now, after some of them had run. */
export function recogniseProbe(
  record: ProcessRecord,
  instance: InstanceRecord,
  probes: readonly (readonly string[])[],
): void {
  const { actor, entrance, root } = record;
  if (record.instance !== instance || root !== 'interactive' || entrance === undefined) return;
  if (!isProbe(entrance, probes)) return;
  record.root = 'probe';
  if (actor !== undefined) record.actor = internActor(instance, { ...actor, root: 'probe' });
}

/** The same for what such a tree did while it waited. */
export function asProbe(item: Attributed, probes: readonly (readonly string[])[] | undefined): Attributed {
  if (item.type !== 'act' || item.actor.root !== 'interactive') return item;
  const { entrance } = item.process;
  if (entrance === undefined || !isProbe(entrance, probes)) return item;
  return { ...item, actor: internActor(item.instance, { ...item.actor, root: 'probe' }) };
}
