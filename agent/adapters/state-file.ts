import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { AgentError, type AgentState, type StateStore } from '../ports.ts';

/** The agent's own state as a small JSON file, written beside and renamed, so that no crash leaves half of it. */
export function stateFile(path: string): StateStore {
  let tail: Promise<void> = Promise.resolve();
  return {
    load: async () => {
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return bytes === undefined ? { streams: {}, aliveAt: 0 } : toState(parse(bytes, path), path);
    },
    save: (state) => {
      const saved = tail.then(() => write(path, JSON.stringify(state)));
      tail = saved.catch(() => undefined);
      return saved;
    },
  };
}

async function write(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(dirname(path), 'r');
  await directory.sync().finally(() => directory.close());
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
  const streams: Record<string, { version: number; digest: string }> = {};
  for (const [stream, last] of Object.entries(value.streams)) {
    if (!isObject(last) || typeof last.version !== 'number' || typeof last.digest !== 'string')
      throw broken(path);
    streams[stream] = { version: last.version, digest: last.digest };
  }
  return { streams, aliveAt: value.aliveAt };
}

function broken(path: string, cause?: unknown): AgentError {
  return new AgentError(
    'data-dir',
    `${path} is not the agent's state; move it away to start without what was accepted before`,
    { cause },
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
