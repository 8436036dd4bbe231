import { severities } from '../../fingerprint/incident.ts';
import { noticeTypes } from './notice.ts';
import type { SinkFilter } from './sink-filter.ts';
import { SinkSettings } from './sink-settings.ts';

/** More than any site has places to be told; a bound on what is held open and on what one incident is written out to. */
export const maxSinks = 32;

/** One kind of notifier: how its own settings are read. What is wrong it notes in them. */
export interface SinkKind<T> {
  readonly type: string;
  /** @returns undefined only after a problem was noted */
  open(settings: SinkSettings): T | undefined;
}

/** One place that is told. */
export interface Sink<T> {
  readonly name: string;
  readonly type: string;
  readonly filter: SinkFilter;
  readonly notifier: T;
}

export interface ReadSinks<T> {
  readonly sinks: readonly Sink<T>[];
  /** Every problem, each a sentence that begins with the path of its key. */
  readonly problems: readonly string[];
}

/** Reads the `notify` key of the configuration: the only way to name a sink, so that nobody with an API token can. */
export function readSinks<T>(value: unknown, kinds: readonly SinkKind<T>[]): ReadSinks<T> {
  const problems: string[] = [];
  if (!Array.isArray(value) || value.length > maxSinks)
    return { sinks: [], problems: [`notify must be a list of at most ${maxSinks} sinks`] };
  const names = new Set<string>();
  const sinks = value.flatMap((entry: unknown, i) => {
    const path = `notify[${i}]`;
    if (isObject(entry)) return readSink(new SinkSettings(entry, path, problems), kinds, names) ?? [];
    problems.push(`${path} must be an object such as {"name": "file", "type": "jsonlines", "path": "-"}`);
    return [];
  });
  return { sinks, problems };
}

function readSink<T>(
  settings: SinkSettings,
  kinds: readonly SinkKind<T>[],
  names: Set<string>,
): Sink<T> | undefined {
  const name = readName(settings, names);
  const filter = readFilter(settings);
  const type = settings.raw('type');
  const kind = kinds.find((k) => k.type === type);
  if (kind === undefined) {
    settings.problem('type', `must be one of ${kinds.map((k) => k.type).join(', ')}`);
    return undefined;
  }
  const notifier = kind.open(settings);
  settings.end();
  return notifier && { name, type: kind.type, filter, notifier };
}

function readName(settings: SinkSettings, names: Set<string>): string {
  const value = settings.raw('name');
  const isName = typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(value);
  if (!isName) {
    settings.problem('name', 'must be lower-case letters, digits and hyphens, at most 63');
    return '';
  }
  if (names.has(value))
    settings.problem('name', `is ${value}, as another sink's is; what waits is kept by name`);
  names.add(value);
  return value;
}

function readFilter(settings: SinkSettings): SinkFilter {
  const minSeverity = settings.optionalWord('minSeverity', severities);
  const types = settings.optionalList('types', `of ${noticeTypes.join(', ')}`, isNoticeType);
  const namespaces = settings.optionalList('namespaces', 'names of namespaces', isName);
  return {
    ...(minSeverity === undefined ? {} : { minSeverity }),
    ...(types === undefined ? {} : { types }),
    ...(namespaces === undefined ? {} : { namespaces }),
  };
}

function isNoticeType(value: unknown): value is (typeof noticeTypes)[number] {
  return noticeTypes.some((type) => type === value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 253;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
