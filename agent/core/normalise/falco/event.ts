import { executed } from './acts.ts';
import { falcoCalls } from './calls.ts';
import type { Facts } from './facts.ts';
import { type FalcoRecord, numberOf, textOf } from './record.ts';

/** The facts of one alert that is an act; undefined for system calls that say nothing of a kind that is judged. */
export function factsOf(record: FalcoRecord): Facts | undefined {
  const call = textOf(record, 'type') ?? '';
  if (isBefore(record, call)) return undefined;
  const facts = Object.hasOwn(falcoCalls, call) ? falcoCalls[call]?.read?.(record) : undefined;
  const error = errorOf(record);
  return facts === undefined || error === undefined ? facts : { ...facts, error };
}

/** It makes a process, or a thread. */
export function isBirth(call: string): boolean {
  return Object.hasOwn(falcoCalls, call) && falcoCalls[call]?.read === undefined;
}

export function isExecution(call: string): boolean {
  return Object.hasOwn(falcoCalls, call) && falcoCalls[call]?.read === executed;
}

/** Up to 0.41 each call is told before and after; what is before it has not happened. An end has only that. */
export function isBefore(record: FalcoRecord, call: string): boolean {
  return textOf(record, 'direction') === '>' && call !== 'procexit';
}

/** A connect that is still under way is an ordinary one. */
function errorOf(record: FalcoRecord): number | undefined {
  const result = numberOf(record, 'result') ?? 0;
  if (result >= 0 || result < -4095 || textOf(record, 'resultName') === 'EINPROGRESS') return undefined;
  return -result;
}
