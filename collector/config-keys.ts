import { isText, type Key } from '../config/keys.ts';
import { parseSink, type SinkSetting } from './core/sink-setting.ts';

export function texts(initial: readonly string[], doc: string): Key<readonly string[]> {
  return {
    initial,
    doc,
    range: 'a list of at most 64 names',
    read: (value) => {
      if (!Array.isArray(value) || value.length > 64) return undefined;
      const read = value.filter((v) => isText(v) && v !== '' && v.length <= 253);
      return read.length === value.length ? read : undefined;
    },
  };
}

export function sinks(doc: string): Key<readonly SinkSetting[]> {
  return {
    initial: [],
    doc,
    range: 'a list of at most 8 different sinks, each `file:/path` or `command:/path arg …`',
    read: (value) => {
      if (!Array.isArray(value) || value.length > 8 || new Set(value).size < value.length) return undefined;
      const read = value
        .map((v) => (isText(v) && v.length <= 4_096 ? parseSink(v) : undefined))
        .filter((v) => v !== undefined);
      return read.length === value.length ? read : undefined;
    },
  };
}

/** What is in it is read by whoever knows what it may be. */
export function list(initial: readonly unknown[], max: number, doc: string): Key<readonly unknown[]> {
  const read = (value: unknown) => (Array.isArray(value) && value.length <= max ? value : undefined);
  return { initial, doc, range: `a list of at most ${max} sinks`, read };
}
