import type { Event } from '../../../../fingerprint/event.ts';
import { isBefore } from './event.ts';
import { falcoFields } from './fields.ts';
import { type FalcoRecord, numberOf, textOf } from './record.ts';

/** The control group of everything that is in no container: a number for the events' sake, Falco tells none. */
export const hostCgroup = 1;

export function hostEvent(time: number): Event {
  const nobody = { pid: 0, start: 0 };
  return { time, process: nobody, kind: 'cgroup', action: 'found', id: hostCgroup, path: '/' };
}

/** Falco's names of the fields without which nobody knows who acted. */
export const neededFields = Object.values(falcoFields).flatMap((field) =>
  'needed' in field ? [field.name] : [],
);

export function isReadable(record: FalcoRecord): boolean {
  return record.source === 'syscall' && neededFields.every((name) => record.fields[name] !== undefined);
}

export function isMainThread(record: FalcoRecord): boolean {
  return numberOf(record, 'pid') === numberOf(record, 'thread');
}

/** Falco tells a birth from both sides; from the child's, which got nought, both are known. That of a thread is none. */
export function isChildsSide(record: FalcoRecord): boolean {
  if (isBefore(record, textOf(record, 'type') ?? '')) return false;
  return isMainThread(record) && (numberOf(record, 'result') ?? 0) === 0;
}
