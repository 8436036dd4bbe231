import { readFile } from 'node:fs/promises';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { AgentState, StateStore } from '../ports/kept.ts';
import { replaceFile } from './disk/replace-file.ts';

/** The agent's own state as a small JSON file. */
export function stateFile(path: string): StateStore {
  let tail: Promise<void> = Promise.resolve();
  return {
    load: async () => {
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw broken(path, error);
      });
      return bytes === undefined
        ? { streams: {}, accepted: {}, aliveAt: 0 }
        : toState(parse(bytes, path), path);
    },
    save: (state) => {
      const saved = tail.then(() => replaceFile(path, JSON.stringify(state)));
      tail = saved.catch(() => undefined);
      return saved;
    },
  };
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw broken(path, cause);
  }
}

/** Refused rather than guessed: without the versions that were accepted an older fingerprint could come back. */
function toState(value: unknown, path: string): AgentState {
  if (!isObject(value) || typeof value.aliveAt !== 'number' || !isObject(value.streams)) throw broken(path);
  const streams = Object.entries(value.streams).map(([stream, last]) => {
    if (!isObject(last) || typeof last.version !== 'number' || typeof last.digest !== 'string')
      throw broken(path);
    return [stream, { version: last.version, digest: last.digest }] as const;
  });
  return {
    streams: Object.fromEntries(streams),
    accepted: toTimes(path, value.accepted),
    learned: toTimes(path, value.learned),
    aliveAt: value.aliveAt,
  };
}

function toTimes(path: string, value: unknown = {}): Readonly<Record<string, number>> {
  if (!isObject(value)) throw broken(path);
  const times = Object.entries(value).map(([digest, at]) => {
    if (typeof at !== 'number') throw broken(path);
    return [digest, at] as const;
  });
  return Object.fromEntries(times);
}

function broken(path: string, cause?: unknown): FingerprintError {
  return new FingerprintError(
    'STATE_IO',
    `${path} cannot be read, and with it which versions were accepted before: nothing signed is taken up until it is mended, or moved away to start without what was accepted before`,
    { cause },
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
