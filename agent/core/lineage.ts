import { maxLineage } from '../../fingerprint/behaviour.ts';
import type { EventOf } from '../../fingerprint/event.ts';
import type { ProcessRecord } from './process-record.ts';

/** The execution as a sweep would tell it now. */
export function foundAgain(record: ProcessRecord, image: EventOf<'exec'>, time: number): EventOf<'exec'> {
  return { ...image, process: record.ref, time, found: true };
}

/** A later sweep tells again what is known, and shows the forks of a known program as if each had executed. */
export function isNews(record: ProcessRecord, event: EventOf<'exec'>): boolean {
  if (record.actor !== undefined) return record.actor.lineage.at(-1) !== event.exe;
  const { parent } = record;
  if (parent?.instance !== record.instance || parent?.actor?.lineage.at(-1) !== event.exe) return true;
  // Workers of a server are forks far more often than second runs of the same file.
  record.root = parent.root;
  record.entrance = parent.entrance;
  record.actor = parent.actor;
  record.assumed = parent.assumed;
  return false;
}

/** The programs above one that was found. */
export function foundParents(record: ProcessRecord): readonly string[] {
  const { actor, instance, parent } = record;
  // Known before, now another image: an exec that was lost.
  if (actor !== undefined) return actor.lineage;
  return parent !== undefined && parent.instance === instance ? (parent.actor?.lineage ?? []) : [];
}

export function lengthen(lineage: readonly string[], exe: string): readonly string[] {
  if (lineage.length < maxLineage) return [...lineage, exe];
  // The root names the tree to people and the end decides; what is cut lies between.
  return [...lineage.slice(0, 1), ...lineage.slice(2), exe];
}
