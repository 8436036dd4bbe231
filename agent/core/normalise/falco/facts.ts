import type { Event } from '../../../../fingerprint/event.ts';
import { resolvePath } from '../sensor-text.ts';
import { type FalcoRecord, textOf } from './record.ts';

type FactsOf<E> = E extends unknown
  ? Omit<E, 'time' | 'process' | 'parent' | 'cgroup' | 'container' | 'found'>
  : never;
/** What happened, without who did it and where. */
export type Facts = FactsOf<Event>;

/** Undefined for an alert that says nothing, or whose subject Falco could not tell. */
export type Reader = (record: FalcoRecord) => Facts | undefined;

/**
 * One value out of `evt.args` (`res=0 dirfd=-100(AT_FDCWD) filename=x(/tmp/x)`): from its name to the next. Whoever
 * chooses a file's name can write ` mode=` into it: good for what Falco tells nowhere else, not for paths it does.
 */
export function argumentOf(record: FalcoRecord, name: string): string | undefined {
  const args = ` ${textOf(record, 'args') ?? ''}`;
  const from = args.indexOf(` ${name}=`);
  if (from < 0) return undefined;
  const rest = args.slice(from + name.length + 2);
  const end = rest.search(/ [a-z_]+=/);
  const value = (end < 0 ? rest : rest.slice(0, end)).trim();
  return value === '' ? undefined : value;
}

/** Falco's mark on a name whose directory it does not know. */
const unknownBase = '<UNKNOWN>';

/** A path made absolute; undefined when Falco does not know what it is relative to. */
export function pathOf(
  record: FalcoRecord,
  field: 'path' | 'pathFrom' | 'pathTo' | 'fileName',
): string | undefined {
  const text = textOf(record, field);
  if (text === undefined) return undefined;
  if (!text.startsWith(unknownBase)) return absolute(record, text);
  return argumentOf(record, 'dirfd')?.endsWith('(AT_FDCWD)') === true
    ? absolute(record, text.slice(unknownBase.length))
    : undefined;
}

function absolute(record: FalcoRecord, text: string): string {
  return resolvePath(text.startsWith('/') ? '/' : (textOf(record, 'cwd') ?? '/'), text);
}
